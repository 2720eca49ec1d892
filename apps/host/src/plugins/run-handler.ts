import { formatRecordKey, MeshError, parseCheckedEvent, parseEventSubject, type MeshEvent } from '@crm-mesh/contract';
import type { HandlerInput, HandlerItem, HandlerRun } from '@crm-mesh/delivery';
import { describeError, type Outcome } from '@crm-mesh/delivery/outcome';
import { isEvent, type Log, type Plugin } from '@crm-mesh/sdk';
import { runPlugin, type Verdict } from '@crm-mesh/sdk/running';

/** A plugin's log, which makes one for each run. */
export interface PluginLog extends Log {
  child(bindings: Record<string, unknown>): Log;
}

export type RunInPlace = (input: HandlerInput, run: Pick<HandlerRun, 'signal'>) => Promise<Outcome>;

/**
 * The plugin's handler as the delivery engine runs it, in the thread where the plugin lives: bytes in, an outcome out. The
 * engine keeps the time.
 */
export function createRunHandler(plugin: Plugin, config: unknown, log: PluginLog): RunInPlace {
  return async (input, run) => {
    const [item] = input.items;
    if (!item) return { kind: 'done' };
    const event = readEvent(plugin, item);
    if ('kind' in event) return event;
    const { subject } = item;
    let own: Log | undefined;
    const context = {
      config,
      idempotencyKey: `${plugin.name}:${event.id}`,
      attempt: input.attempt,
      // Most handlers ask for neither, and both cost more than the rest of a run.
      get signal() {
        return run.signal;
      },
      get log() {
        return (own ??= log.child({ record: describeRecord(subject), correlationid: event.correlationid }));
      },
    };
    return toOutcome(await runPlugin(plugin, event, context));
  };
}

/** A handler relies on the types that its `events` give it, so what breaks them is buried and never handed over. */
function readEvent(plugin: Plugin, item: HandlerItem): MeshEvent | (Outcome & { kind: 'permanent' }) {
  try {
    const event = parseCheckedEvent(item.data);
    if (plugin.events.some((pattern) => isEvent(event, pattern))) return event;
    const what = `An event's type is ${event.type}, which "${plugin.name}" does not listen to.`;
    throw new MeshError('MESH_EVENT_INVALID', what, { cure: 'Publish it on the subject of its own type.' });
  } catch (error) {
    return { kind: 'permanent', error: describeError(error) };
  }
}

function toOutcome(verdict: Verdict): Outcome {
  return 'error' in verdict ? { ...verdict, error: describeError(verdict.error) } : verdict;
}

/** `acme/hubspot/deal/4711` */
function describeRecord(subject: string): string | undefined {
  const address = parseEventSubject(subject);
  return address && formatRecordKey(address);
}
