import type { PollPage, PollRequest, Urgency } from '@crm-mesh/sdk';
import type { Notification } from '@crm-mesh/contract';
import type { TaskHealth } from '@crm-mesh/control';
import type { Connection } from '../connections/connections.js';
import type { CursorKey, Kept } from './cursors.js';
import { beginWindow, isDue, takePage, type PollState, type Window } from './decide-window.js';
import { chooseJitterMs, findNextMs, type PollRules } from './poll-rules.js';
import { PageReader } from './read-pages.js';
import { noteSuccess, type Task } from './task.js';
import type { TaskDependencies } from './task-dependencies.js';

/** `poll`: on its schedule, for ever. `repair`: over a hole in a stream, until that is closed. */
const WORKS = {
  poll: { urgency: 'live', origin: 'poll' },
  repair: { urgency: 'repair', origin: 'repair' },
} as const satisfies Record<string, { urgency: Urgency; origin: Notification['origin'] }>;

export interface EntityPollerOptions extends TaskDependencies {
  connection: Connection;
  rules: Omit<PollRules, 'entities'>;
  work: keyof typeof WORKS;
  entity: string;
}

/** Asks for one entity's changes, window by window, page by page. What a page holds is safe before its cursor is. */
export class EntityPoller implements Task {
  readonly key: CursorKey;
  readonly health: TaskHealth = { state: 'waiting', failures: 0 };
  readonly #pages: PageReader<PollRequest, PollPage>;
  #kept: Kept<PollState> | undefined;
  /** Drawn once for each window. */
  #due: { begunMs: number; dueMs: number } | undefined;
  #toldMissFromMs: number | undefined;

  constructor(private readonly options: EntityPollerOptions) {
    const { connection, work, entity } = options;
    this.key = { tenant: connection.tenant, connection: connection.name, work, entity };
    const { urgency, origin } = WORKS[work];
    const context = connection.contextFor(urgency);
    this.#pages = new PageReader({
      ...{ shared: options, connection, health: this.health, urgency, proof: { origin, verifiedBy: 'poll' } },
      ask: (request) => connection.source.poll!.page(request, context),
    });
  }

  forget(): void {
    this.#kept = undefined;
    this.#pages.forget();
  }

  async step(signal: AbortSignal): Promise<number | undefined> {
    const { cursors, now, rules, work } = this.options;
    const kept = (this.#kept ??= await cursors.read<PollState>(this.key));
    const state = kept.state ?? {};
    if (work === 'repair' && !isHoleOpen(state)) return undefined;
    const dueMs = this.#findDueMs(state);
    if (!isDue(state, dueMs, now())) return dueMs;
    const opened = state.open ? state : beginWindow(state, rules, now());
    // No time has passed that could be asked for: as if it had been.
    if (!opened?.open) return findNextMs(rules.schedule, now());
    this.#tellMiss(opened);
    await this.#askPage(opened, opened.open, signal);
    return 0;
  }

  async #askPage(opened: PollState, { fromMs, toMs, cursor }: Window, signal: AbortSignal): Promise<void> {
    const { entity, cursors, now } = this.options;
    const request = { entity, fromMs, toMs, ...(cursor === undefined ? {} : { cursor }) };
    const page = await this.#pages.store(request, this.key, signal);
    this.#kept = await cursors.save(this.key, this.#kept ?? { revision: 0 }, takePage(opened, page, now()));
    noteSuccess(this.health);
  }

  #findDueMs({ begunMs }: PollState): number {
    const { rules, now, random } = this.options;
    // Never before; or by a clock that has been set back since.
    if (begunMs === undefined || begunMs > now()) return now();
    if (this.#due?.begunMs === begunMs) return this.#due.dueMs;
    const plainMs = findNextMs(rules.schedule, begunMs);
    const dueMs = plainMs + chooseJitterMs(rules, plainMs) * random();
    this.#due = { begunMs, dueMs };
    return dueMs;
  }

  #tellMiss({ mayMiss }: PollState): void {
    const { connection, entity } = this.options;
    if (!mayMiss || mayMiss.fromMs === this.#toldMissFromMs) return;
    this.#toldMissFromMs = mayMiss.fromMs;
    const [from, to] = [mayMiss.fromMs, mayMiss.toMs].map((ms) => new Date(ms).toISOString());
    const cure = `Load it anew: mesh source backfill ${connection.tenant}/${connection.name} --entity ${entity}`;
    connection.context.log.error(
      { entity, from, to, cure },
      'the CRM no longer knows what was deleted in this time: it was not asked for too long',
    );
  }
}

export function isHoleOpen({ coveredMs, untilMs }: PollState): boolean {
  return untilMs !== undefined && (coveredMs ?? 0) < untilMs;
}
