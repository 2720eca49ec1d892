import { fileURLToPath } from 'node:url';

/** Where a fetched nats-server is kept: one for all data folders of this checkout. */
export const CACHE_DIR = fileURLToPath(new URL('../../../../.mesh/bin', import.meta.url));
