import { findProgram } from '../find-program.js';
import { readNewEnoughVersion } from '../version.js';
import type { Way } from './way.js';

export const onPath: Way = {
  name: 'PATH',
  async try({ env }) {
    const path = findProgram('nats-server', env['PATH']);
    if (path === undefined) throw new Error('holds no nats-server');
    return { kind: 'binary', path, version: await readNewEnoughVersion(path), via: 'PATH' };
  },
};
