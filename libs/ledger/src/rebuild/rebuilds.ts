import { randomUUID } from 'node:crypto';
import { MeshError } from '@crm-mesh/contract';
import type { Store } from '@crm-mesh/store';
import { readerOf, readState, saveState, StateMoved } from '../ledger-state.js';
import { REBUILD, startRebuild, type RebuildState } from './rebuild-state.js';

export interface RebuildRequest {
  by: string;
  goal: RebuildState['goal'];
}

/** Rebuilds as they are written down; the publisher that leads the normaliser does them. */
export class Rebuilds {
  constructor(
    private readonly store: Store,
    /** Epoch milliseconds. */
    private readonly now: () => number,
  ) {}

  /** The last one, or the one that runs. */
  async read(): Promise<RebuildState | undefined> {
    return (await readState<RebuildState>(readerOf(this.store), REBUILD)).state;
  }

  /** Begins one; where one with the same goal runs, that is it. */
  async begin({ by, goal }: RebuildRequest): Promise<RebuildState> {
    const state = await this.#change((running) => {
      if (running && !running.ended) return running;
      return startRebuild({ run: randomUUID().slice(0, 8), by, goal, begunMs: this.now() });
    });
    if (state!.goal === goal) return state!;
    throw new MeshError('MESH_CONTROL_INVALID', `A ${state!.goal} of the ledger runs already.`, {
      cure: 'Wait for its end, or end it with --cancel.',
    });
  }

  /** Ends the one that runs; resolves to it, or undefined where none does. The ledger stays as it is. */
  async cancel(): Promise<RebuildState | undefined> {
    let cancelled: RebuildState | undefined;
    await this.#change((state) => {
      cancelled = undefined;
      if (!state || state.ended || state.ending) return state;
      return (cancelled = { ...state, phase: 'leaving', ending: 'cancelled' });
    });
    return cancelled;
  }

  /** Whoever changes it beside us: it is asked again. */
  async #change(
    change: (state: RebuildState | undefined) => RebuildState | undefined,
  ): Promise<RebuildState | undefined> {
    for (;;) {
      const kept = await readState<RebuildState>(readerOf(this.store), REBUILD);
      const state = change(kept.state);
      if (state === kept.state) return state;
      try {
        await this.store.write((tx) => saveState(tx, REBUILD, { revision: kept.revision, state }));
        return state;
      } catch (error) {
        if (!(error instanceof StateMoved)) throw error;
      }
    }
  }
}
