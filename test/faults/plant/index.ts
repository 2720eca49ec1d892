/** A change of one compiled file while a process under test loads it. */
export interface Edit {
  name: string;
  file: string;
  find: string;
  replace: string;
}

export interface Failpoint {
  app: 'publisher' | 'host';
  file: string;
  before?: string;
  after?: string;
  /** Set where nothing may be awaited: what stands between the call and the code. Such a point cannot delay. */
  sync?: string;
  /** What has to be so, or it is never reached. */
  needs?: 'outbox' | 'crash' | 'exhaustion' | 'operator';
}

/** What one process is planted with; `hit` counts from 1. */
export interface Plant {
  points?: { name: string; action: 'kill' | 'stop' | 'delay'; hit: number; ms?: number }[];
  bugs?: string[];
  /** Points count from the moment that this file is there; absent: from the start. */
  armedBy?: string;
}

interface Plants {
  FAILPOINTS: Record<string, Failpoint>;
  BUGS: Record<string, Omit<Edit, 'name'>[]>;
  editOfFailpoint(name: string): Edit;
  editsOfBug(name: string): Edit[];
  applyEdits(text: string, edits: Edit[]): string;
}

// By address: it is plain JavaScript, for Node loads it before anything else.
const load = (file: string): Promise<Partial<Plants>> => import(new URL(file, import.meta.url).href);

export const REGISTER = new URL('register.mjs', import.meta.url).href;
export const { FAILPOINTS, BUGS, editOfFailpoint, editsOfBug, applyEdits } = {
  ...(await load('failpoints.mjs')),
  ...(await load('bugs.mjs')),
  ...(await load('edits.mjs')),
} as Plants;
