import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { findNatsServer } from '../find-nats-server.js';
import { FETCHED_VERSION } from '../version.js';
import { findGo, goInstall } from './go-install.js';

const cacheDir = mkdtempSync(join(tmpdir(), 'crm-mesh go-'));
afterAll(() => rmSync(cacheDir, { recursive: true }));

const hasGo = findGo(process.env) !== undefined;
if (!hasGo) console.warn('SKIPPED: this machine has no Go, so the way by `go install` was not tried');

describe.skipIf(!hasGo)('way by go install', () => {
  it('builds the version that we name into the cache', { timeout: 300_000 }, async () => {
    const found = await findNatsServer({ cacheDir, ways: [goInstall] });
    expect(found).toEqual({ kind: 'binary', path: join(cacheDir, 'nats-server'), version: FETCHED_VERSION, via: 'go' });
    expect(readdirSync(cacheDir)).toEqual(['nats-server']);
  });
});
