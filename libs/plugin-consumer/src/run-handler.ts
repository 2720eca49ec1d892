import { castForReader, formatRecordKey, MeshError, parseEventSubject, type MeshEvent } from '@crm-mesh/contract';
import { parseCheckedEvent } from '@crm-mesh/contract/checking';
import type { HandlerInput, HandlerItem, HandlerRun } from '@crm-mesh/delivery';
import { describeError, type Outcome, type RunOutcome } from '@crm-mesh/delivery/outcome';
import { isEvent, type Log, type Plugin } from '@crm-mesh/sdk';
import { refuseTransaction, runBatch, runPlugin, type Sink, type Verdict } from '@crm-mesh/sdk/running';

/** A plugin's log, which makes one for each run. */
export interface PluginLog extends Log {
  child(bindings: Record<string, unknown>): Log;
}

/** What a handler's run needs of the engine's input. */
export interface RunInput extends Pick<HandlerInput, 'attempt'> {
  items: Pick<HandlerItem, 'subject' | 'data' | 'again'>[];
}

export type RunInPlace = (input: RunInput, run: Pick<HandlerRun, 'signal'>, sink?: Sink) => Promise<RunOutcome>;

/**
 * The plugin's handler as the delivery engine runs it, in the thread where the plugin lives: bytes in, an outcome out. The
 * engine keeps the time.
 */
export function createRunHandler(plugin: Plugin, config: unknown, log: PluginLog): RunInPlace {
  return (plugin.handleBatch ? handleBatches : handleEvents)(plugin, config, log);
}

function handleEvents(plugin: Plugin, config: unknown, log: PluginLog): RunInPlace {
  return async (input, run, sink) => {
    const [item] = input.items;
    if (!item) return { kind: 'done' };
    const event = readEvent(plugin, item);
    if ('kind' in event) return event;
    const { subject } = item;
    let own: Log | undefined;
    const context = {
      ...{ config, injected: [] },
      idempotencyKey: `${plugin.name}:${event.id}`,
      attempt: input.attempt,
      transaction: refuseTransaction,
      // Most handlers ask for neither, and both cost more than the rest of a run.
      get signal() {
        return run.signal;
      },
      get log() {
        return (own ??= log.child({ record: describeRecord(subject), correlationid: event.correlationid }));
      },
    };
    return toOutcome(await runPlugin(plugin, event, context, { sink, again: () => item.again }));
  };
}

/** What cannot be read is buried and never handed over; the others of its batch run. */
function handleBatches(plugin: Plugin, config: unknown, log: Log): RunInPlace {
  return async (input, run, sink) => {
    const read = input.items.map((item) => readEvent(plugin, item));
    const refused = read.flatMap((event, index) => ('kind' in event ? [{ index, outcome: event }] : []));
    const good = read.flatMap((event, index) => ('kind' in event ? [] : [{ event, index }]));
    const context = {
      ...{ config, injected: [] },
      idempotencyKey: ({ id }: MeshEvent) => `${plugin.name}:${id}`,
      attempt: input.attempt,
      transaction: refuseTransaction,
      log,
      get signal() {
        return run.signal;
      },
    };
    if (good.length === 0) return joinParts([], refused);
    const events = good.map(({ event }) => event);
    const again = new Map(good.map(({ event, index }) => [event.id, input.items[index]!.again]));
    const verdict = await runBatch(plugin, events, context, { sink, again: (id) => again.get(id) });
    if (verdict.kind === 'done') return joinParts([], refused);
    if (verdict.kind === 'partly') {
      const failed = verdict.failed.map((one) => ({ index: good[one.index]!.index, outcome: toOutcome(one.verdict) }));
      const skipped = verdict.skipped?.map((index) => good[index]!.index);
      return joinParts(failed, refused, skipped);
    }
    // As a whole, what cannot be read included: what remains of the batch runs alone at last.
    return toOutcome(verdict);
  };
}

type Failures = (RunOutcome & { kind: 'partly' })['failed'];

function joinParts(failed: Failures, refused: Failures, skipped: number[] = []): RunOutcome {
  const all = [...failed, ...refused].toSorted((a, b) => a.index - b.index);
  if (all.length + skipped.length === 0) return { kind: 'done' };
  return { kind: 'partly', failed: all, ...(skipped.length > 0 ? { skipped } : {}) };
}

/**
 * A handler relies on the types that its `events` give it, so what breaks them is buried and never handed over. What it gets is
 * of the version that it was written for.
 */
export function readEvent(
  plugin: Pick<Plugin, 'name' | 'events' | 'schemas'>,
  item: RunInput['items'][number],
): MeshEvent | (Outcome & { kind: 'permanent' }) {
  try {
    const event = parseCheckedEvent(item.data);
    if (plugin.events.some((pattern) => isEvent(event, pattern))) return castForReader(event, plugin.schemas);
    const what = `An event's type is ${event.type}, which "${plugin.name}" does not listen to.`;
    throw new MeshError('MESH_EVENT_INVALID', what, { cure: 'Publish it on the subject of its own type.' });
  } catch (error) {
    return { kind: 'permanent', error: describeError(error) };
  }
}

export function toOutcome<V extends Verdict>(verdict: V): Extract<Outcome, { kind: V['kind'] }> {
  const outcome: object = 'error' in verdict ? { ...verdict, error: describeError(verdict.error) } : verdict;
  return outcome as Extract<Outcome, { kind: V['kind'] }>;
}

/** `acme/hubspot/deal/4711` */
function describeRecord(subject: string): string | undefined {
  const address = parseEventSubject(subject);
  return address && formatRecordKey(address);
}
