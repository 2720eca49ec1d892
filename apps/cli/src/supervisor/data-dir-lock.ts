import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MeshError } from '@crm-mesh/contract';
import { isAlive, readCommandLine } from '../mesh/processes.js';

export interface DataDirLock {
  release(): void;
}

const TRIES = 3;

/** One mesh per data folder. A lock whose owner was killed is taken over. Throws MESH_ALREADY_RUNNING. */
export function lockDataDir(dataDir: string): DataDirLock {
  // For its owner alone: it holds what the CRM holds, and secrets.
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const file = join(dataDir, 'mesh.lock');
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, String(process.pid));
  try {
    for (let tries = 1; tries <= TRIES; tries += 1) {
      if (tryLink(draft, file)) return { release: () => releaseOwn(file) };
      refuseLiving(readOwner(file), dataDir);
      rmSync(file, { force: true });
    }
  } finally {
    rmSync(draft, { force: true });
  }
  throw describeRunning(readOwner(file), dataDir);
}

/** A link appears whole or not at all, so that two who start at once never both win. */
function tryLink(draft: string, file: string): boolean {
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function readOwner(file: string): number | undefined {
  try {
    return Number(readFileSync(file, 'utf8')) || undefined;
  } catch {
    return undefined;
  }
}

/** Systems use process ids again: the owner must also look like a mesh. */
function refuseLiving(owner: number | undefined, dataDir: string): void {
  if (owner === undefined || owner === process.pid || !isAlive(owner)) return;
  const line = readCommandLine(owner);
  if (line === '' || /\bmesh\b|cli\/(src|dist|bin)\//.test(line)) throw describeRunning(owner, dataDir);
}

function describeRunning(owner: number | undefined, dataDir: string): MeshError {
  return new MeshError(
    'MESH_ALREADY_RUNNING',
    `A mesh runs on ${dataDir} already${owner ? ` (process ${owner})` : ''}.`,
  );
}

function releaseOwn(file: string): void {
  if (readOwner(file) === process.pid) rmSync(file, { force: true });
}
