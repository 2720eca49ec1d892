import type { Rule } from './check/evidence.js';
import type { FaultMesh } from './mesh/fault-mesh.js';

/** What brings one planted bug to light, whatever the machine's speed, and by which rule of the checker. */
export interface BugScenario {
  rule: Rule;
  /** On a mesh whose apps run; leaves it running and in order. Its record is named after the bug. */
  provoke(mesh: FaultMesh, id: string): Promise<void>;
}

/** Longer than any scenario takes: nothing comes back before the scenario wants it to. */
export const NEVER_MS = 300_000;
/** As long as right code is given to do nothing, where a bug would do something. */
export const PATIENCE_MS = 3_000;
