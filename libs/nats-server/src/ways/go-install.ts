import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { installIntoCache, withWorkFolder } from '../cache-file.js';
import { findProgram, programFile } from '../find-program.js';
import { FETCHED_VERSION } from '../version.js';
import type { Way } from './way.js';

const TIMEOUT_MS = 300_000;
/** Where Go's own installer puts it, often without PATH knowing. */
const USUAL_PLACE = '/usr/local/go/bin/go';

export const goInstall: Way = {
  name: 'go',
  try({ cacheDir, env, onProgress }) {
    const go = findGo(env);
    if (go === undefined) return Promise.reject(new Error('is not installed'));
    return withWorkFolder(cacheDir, async (folder) => {
      onProgress(`building nats-server ${FETCHED_VERSION} with Go (up to a minute)`);
      const module = `github.com/nats-io/nats-server/v2@v${FETCHED_VERSION}`;
      const options = {
        // Without C, as the official binary is built: it needs no compiler and runs with any libc.
        env: { ...env, GOBIN: folder, CGO_ENABLED: '0', ...placeModules(env, folder) },
        extendEnv: false,
        timeout: TIMEOUT_MS,
      };
      await execa(go, ['install', module], options);
      return installIntoCache(cacheDir, join(folder, programFile('nats-server')), 'go');
    });
  },
};

export function findGo(env: NodeJS.ProcessEnv): string | undefined {
  return findProgram('go', env['PATH']) ?? (existsSync(USUAL_PLACE) ? USUAL_PLACE : undefined);
}

/** Go refuses to work where neither a home nor a place for its modules is set. */
function placeModules(env: NodeJS.ProcessEnv, folder: string): NodeJS.ProcessEnv {
  if (env['HOME'] || process.platform === 'win32') return {};
  return {
    GOPATH: join(folder, 'gopath'),
    GOCACHE: join(folder, 'gocache'),
    GOFLAGS: `${env['GOFLAGS'] ?? ''} -modcacherw`,
  };
}
