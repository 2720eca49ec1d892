import { showStep } from './progress.mjs';

/** Into the cache that all share. Where it cannot be had the tests that need it say so and are skipped. */
export async function fetchChromium() {
  const { findChromium } = await import('../libs/testing/dist/index.js');
  const find = () => findChromium();
  await showStep('Getting Chromium', find).catch((error) => console.warn(`No Chromium: ${error.message}`));
}
