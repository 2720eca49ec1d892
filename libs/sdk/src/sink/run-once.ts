import type { EventPattern, MeshEvent } from '@crm-mesh/contract';
import { PermanentError } from '../delivery-errors.js';
import type { BatchContext, BatchResult, PluginContext } from '../plugin.js';
import { readJson } from '../running/read-json.js';
import { classifyError } from '../running/verdict.js';
import { claimRows, keepResult, readResult, releaseRows, type InboxItem } from './inbox-rows.js';
import type { Sink } from './open-sink.js';
import type { SinkTransaction } from './sink-transaction.js';

/** What a run needs for `transaction`. */
export interface SinkOfRun {
  /** Undefined: the plugin has none. */
  sink: Sink | undefined;
  /** Of a run that was asked for `--again`: which telling of the event it is. */
  again?(eventId: string): string | undefined;
}

/** `transaction` of one run: effect and inbox row commit together, once. */
export class RunOnce {
  /** By id: what was done already, and not now. */
  readonly skipped = new Set<string>();
  #isUsed = false;

  constructor(
    private readonly own: SinkOfRun,
    private readonly signal: () => AbortSignal,
  ) {}

  /** For `handle`. */
  forEvent({ id }: MeshEvent): PluginContext['transaction'] {
    return (work) =>
      this.#use(async (tx, { consumer }) => {
        const [isFresh] = await claimRows(tx, consumer, [this.#describe(id)], Date.now());
        if (!isFresh) {
          this.skipped.add(id);
          const result = await readResult(tx, consumer, id);
          return (result === undefined ? undefined : JSON.parse(result)) as never;
        }
        const { value, text } = readJson(await work(tx), 'what transaction() gives back');
        if (text !== undefined) await keepResult(tx, consumer, id, text);
        return value as never;
      });
  }

  /** For `handleBatch`. */
  forBatch<P extends EventPattern>(
    events: readonly MeshEvent<P>[],
    laneOf: (event: MeshEvent<P>) => string,
  ): BatchContext<unknown, [], P>['transaction'] {
    return (work) =>
      this.#use(async (tx, { consumer }) => {
        const items = events.map(({ id }) => this.#describe(id));
        const claims = await claimRows(tx, consumer, items, Date.now());
        const fresh = events.filter((_, index) => claims[index]);
        for (const [index, { id }] of events.entries()) if (!claims[index]) this.skipped.add(id);
        if (fresh.length === 0) return {};
        const result = (await work(tx, fresh)) ?? {};
        await releaseRows(tx, consumer, listUndone(fresh, result, laneOf));
        return result;
      });
  }

  #describe(eventId: string): InboxItem {
    return { eventId, again: this.own.again?.(eventId) };
  }

  async #use<Result>(work: (tx: SinkTransaction, sink: Sink) => Promise<Result>): Promise<Result> {
    const { sink } = this.own;
    if (!sink) return refuseTransaction();
    // A second one would find the row of the first, and do nothing.
    if (this.#isUsed) throw new PermanentError('transaction() was called twice in one run: do all of it in one');
    this.#isUsed = true;
    try {
      return await sink.transaction((tx) => work(tx, sink), this.signal());
    } catch (error) {
      this.#isUsed = false;
      this.skipped.clear();
      throw error;
    }
  }
}

/** `transaction` of a plugin without a sink. */
export function refuseTransaction(): Promise<never> {
  const cure = 'write e.g. sink: (config) => config.url, with sqlite:<file> or postgres://…';
  return Promise.reject(new PermanentError(`transaction() needs a sink: ${cure}`));
}

/** What is to run again: what failed and is retried, and what is newer in its lane, which runs again behind it. */
function listUndone<P extends EventPattern>(
  events: readonly MeshEvent<P>[],
  { failed = [] }: BatchResult,
  laneOf: (event: MeshEvent<P>) => string,
): string[] {
  const errors = new Map(failed.map(({ id, error }) => [id, error]));
  const waiting = new Set<string>();
  return events.flatMap((event) => {
    const lane = laneOf(event);
    if (errors.has(event.id) && classifyError(errors.get(event.id)).kind !== 'permanent') waiting.add(lane);
    return errors.has(event.id) || waiting.has(lane) ? [event.id] : [];
  });
}
