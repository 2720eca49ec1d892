import { existsSync } from 'node:fs';
import { locateCached } from '../cache-file.js';
import { readNewEnoughVersion } from '../version.js';
import type { Way } from './way.js';

export const cached: Way = {
  name: 'cache',
  async try({ cacheDir }) {
    const path = locateCached(cacheDir);
    if (!existsSync(path)) throw new Error(`has none yet (${path})`);
    return { kind: 'binary', path, version: await readNewEnoughVersion(path), via: 'cache' };
  },
};
