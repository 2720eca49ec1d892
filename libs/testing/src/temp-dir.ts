import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TempDir {
  path: string;
  remove(): void;
}

/** A new folder below the system's temporary one. Remove it in `afterAll`. */
export function makeTempDir(label = 'test'): TempDir {
  const path = mkdtempSync(join(realpathSync(tmpdir()), `crm-mesh-${label}-`));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
