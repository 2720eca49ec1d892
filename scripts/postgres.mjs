import { showStep } from './progress.mjs';

/** Into the cache that all share. Where it cannot be had the tests that need it say so and are skipped. */
export async function fetchPostgres() {
  const { findPostgresBinaries } = await import('../libs/testing/dist/index.js');
  const find = () => findPostgresBinaries();
  await showStep('Getting PostgreSQL', find).catch((error) => console.warn(`No PostgreSQL: ${error.message}`));
}
