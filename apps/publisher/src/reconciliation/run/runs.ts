import { randomUUID } from 'node:crypto';
import { escapeToken, MeshError, placeBehind } from '@crm-mesh/contract';
import type { Pair } from '@crm-mesh/control';
import { dropUndefined } from '@crm-mesh/sdk/running';
import type { Connections } from '../../connections/connections.js';
import { RunMoved, type RunRows } from './run-rows.js';
import { isSameScope, REPAIRED_AT_ONCE, sumUnits, type RunBudget, type RunScope, type RunState } from './run-state.js';

export interface RunRequest {
  /** `acme/hubspot`, or the name of a plugin. */
  pair: string;
  entities?: readonly string[];
  /** `acme/hubspot/deal/4711`; of a connection also `deal/4711`. */
  record?: string;
  /** Ids, in the order of places. */
  from?: string;
  to?: string;
  /** Of a connection: also what is other content at the same time, as after a change of the mapping. */
  content?: boolean;
  repair?: boolean;
  yes?: boolean;
  /** The run whose question the yes is about; absent: the newest one's. */
  answers?: string;
  budget?: Partial<RunBudget>;
  by: string;
}

export interface RunsOptions {
  rows: RunRows;
  connections: Connections;
  now(): number;
}

export const DEFAULT_BUDGET: RunBudget = { maxRepairs: 10_000, maxCalls: 100_000, maxPercent: 5 };
/** Of each pair, with what they found. */
const KEPT_RUNS = 50;
/** What was found longer ago is found anew. */
const ANSWERABLE_MS = 86_400_000;

/** Runs as they are written down; whoever leads does them. */
export class Runs {
  constructor(private readonly options: RunsOptions) {}

  /** Begins one; where one runs for the same records, that is it. With `yes` one that asked goes on. */
  async begin(request: RunRequest): Promise<RunState> {
    const { rows, now } = this.options;
    const pair = this.#readPair(request.pair);
    const scope = readScope(pair, request);
    const answered = request.yes ? await this.#answer(pair, scope, request.answers) : undefined;
    if (answered) return answered;
    const state: RunState = {
      ...{ run: randomUUID().slice(0, 8), pair, by: request.by, begunMs: now(), scope },
      ...{ repair: request.repair ?? false, yes: request.yes ?? false },
      budget: { ...DEFAULT_BUDGET, ...dropUndefined(request.budget ?? {}) },
      ...{ phase: 'comparing', labelled: 0, repaired: 0, allowed: { calls: 0, repairs: 0 } },
    };
    await rows.prune(pair, KEPT_RUNS - 1);
    if (await rows.insert(state)) {
      await this.#supersede(state);
      return state;
    }
    const running = (await rows.readOpen(pair))?.state;
    // It has ended between the two looks.
    if (!running) return this.begin(request);
    if (isSameScope(running.scope, scope) && running.repair === state.repair) return running;
    const what = `A reconciliation of ${pair.name} runs already (${running.run}), for other records or with other orders.`;
    throw new MeshError('MESH_CONTROL_INVALID', what, { cure: 'Wait for its end, or end it with --cancel.' });
  }

  /** Ends the one that runs; resolves to it, or undefined where none does. What was repaired stays so. */
  async cancel(name: string): Promise<RunState | undefined> {
    const { rows, now } = this.options;
    const pair = this.#readPair(name);
    for (;;) {
      const kept = await rows.readOpen(pair);
      if (!kept) return undefined;
      const { run, phase } = kept.state;
      // Whoever drives it may be among them: it counts them, if it still can.
      const uncounted = phase === 'repairing' ? (await rows.readByFate(run, 'labelled', REPAIRED_AT_ONCE)).length : 0;
      const ended = { atMs: now(), how: 'cancelled' as const };
      try {
        return (await rows.save(kept, { ...kept.state, ended, ...(uncounted > 0 ? { uncounted } : {}) })).state;
      } catch (error) {
        if (!(error instanceof RunMoved)) throw error;
      }
    }
  }

  /** Absent: the newest of all. Throws MESH_CONTROL_INVALID. */
  async find({ run, pair }: { run?: string | undefined; pair?: string | undefined }): Promise<RunState> {
    const { rows } = this.options;
    const state =
      run === undefined
        ? (await rows.list(pair === undefined ? undefined : this.#readPair(pair), 1))[0]
        : (await rows.read(run))?.state;
    if (state) return state;
    const what = run === undefined ? 'There is no report yet.' : `There is no run "${run}".`;
    throw new MeshError('MESH_CONTROL_INVALID', what, { cure: '`mesh reconcile list` shows those that there are.' });
  }

  /** The newest first; absent: of all pairs. */
  list(pair: string | undefined, limit: number): Promise<RunState[]> {
    return this.options.rows.list(pair === undefined ? undefined : this.#readPair(pair), limit);
  }

  /** Questions about what was then: whoever says yes now is to see what is found now. */
  async #supersede({ run, pair }: RunState): Promise<void> {
    const { rows, now } = this.options;
    for (const older of await rows.list(pair, KEPT_RUNS)) {
      const kept = older.run !== run && older.ended?.how === 'asked' ? await rows.read(older.run) : undefined;
      if (kept?.state.ended?.how !== 'asked') continue;
      const why = `${kept.state.ended.why ?? 'it asked'}; run ${run} has begun since, and what that one finds counts`;
      await rows.save(kept, { ...kept.state, ended: { atMs: now(), how: 'superseded', why } });
    }
  }

  /** The last run, where it stands still with a question about the same records. */
  async #answer(pair: Pair, scope: RunScope, answers: string | undefined): Promise<RunState | undefined> {
    const { rows, now } = this.options;
    const [last] = await rows.list(pair, 1);
    if (answers !== undefined && last?.run !== answers) throw describeStale(answers, last);
    const asks = last?.ended?.how === 'asked' && now() - last.ended.atMs < ANSWERABLE_MS;
    const kept = asks && isSameScope(last.scope, scope) ? await rows.read(last.run) : undefined;
    if (!kept) return undefined;
    const { ended: _ended, ...state } = kept.state;
    const allowed = { calls: sumUnits(state.units).calls, repairs: state.repaired };
    try {
      return (await rows.save(kept, { ...state, yes: true, allowed })).state;
    } catch (error) {
      // Answered, or followed by another run, between the two looks.
      const [newest] = await rows.list(pair, 1);
      if (newest?.run === state.run && !(error instanceof RunMoved)) throw error;
      return this.#answer(pair, scope, answers);
    }
  }

  #readPair(name: string): Pair {
    const [tenant, connection, ...rest] = name.split('/');
    if (connection === undefined) return { leg: 'plugin', name };
    const known = this.options.connections.all.map((one) => `${one.tenant}/${one.name}`);
    if (rest.length === 0 && known.includes(`${tenant}/${connection}`)) return { leg: 'crm', name };
    const what = `There is no connection ${name}.`;
    throw new MeshError('MESH_CONNECTION_UNKNOWN', what, { cure: `Name one of: ${known.join(', ') || 'none'}.` });
  }
}

function describeStale(run: string, newer: RunState | undefined): MeshError {
  const since = newer ? `run ${newer.run} of the same pair has begun since` : 'it is forgotten';
  return new MeshError('MESH_CONTROL_INVALID', `The question of run ${run} counts no more: ${since}.`, {
    cure: newer ? `See what that one says: mesh reconcile report ${newer.run}` : 'Reconcile again.',
  });
}

function readScope(pair: Pair, { entities, record, from, to, content }: RunRequest): RunScope {
  if (content && pair.leg === 'plugin')
    throw new MeshError('MESH_CONTROL_INVALID', `"${pair.name}" is a plugin: it says itself what it compares.`, {
      cure: 'Leave out the content, or name a connection.',
    });
  if (record !== undefined) return readRecordScope(pair, record);
  const isRange = from !== undefined || to !== undefined;
  const end = to === undefined ? {} : { to: placeBehind(escapeToken(to)) };
  return {
    ...(content ? { content } : {}),
    ...(entities ? { entities } : {}),
    ...(isRange ? { range: { from: from === undefined ? '' : escapeToken(from), ...end } } : {}),
  };
}

/** The id may itself contain slashes. */
function readRecordScope(pair: Pair, record: string): RunScope {
  const own = pair.leg === 'crm' ? `${pair.name}/` : '';
  const whole = own !== '' && !record.startsWith(own) ? `${own}${record}` : record;
  const [tenant, connection, entity, ...rest] = whole.split('/');
  const id = rest.join('/');
  if (!tenant || !connection || !entity || id === '')
    throw new MeshError('MESH_CONTROL_INVALID', `"${record}" names no record.`, {
      cure: 'Write it as tenant/connection/entity/id.',
    });
  const from = escapeToken(id);
  // Of one record all is read anyway.
  const content = pair.leg === 'crm' ? { content: true as const } : {};
  return { tenant, connection, entities: [entity], range: { from, to: placeBehind(from) }, id, ...content };
}
