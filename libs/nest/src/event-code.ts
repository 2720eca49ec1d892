import type { HandlerInput, HandlerRun, RunHandler } from '@crm-mesh/delivery';
import type { PluginCode } from '@crm-mesh/plugin-consumer';
import { readEvent, readLane, toOutcome } from '@crm-mesh/plugin-consumer/reading';
import { findHandler, type EventConsumer } from './event-handlers.js';
import { MeshContext } from './mesh-context.js';
import { runEventHandler } from './run-event-handler.js';

const nothing = async (): Promise<void> => undefined;

/** A consumer's handlers as the delivery engine runs code: in the app's own thread, begun and ended by Nest. */
export function openHandlers(consumer: EventConsumer, app: string): PluginCode {
  const { name, description, events, delivery, key } = consumer;
  return {
    summary: {
      ...{ name, app, events, hasKey: key !== undefined, handlesBatches: false, hasSink: false },
      description:
        description ?? `${consumer.handlers.map((handler) => handler.name).join(', ')} of the Nest app ${app}`,
      ...(delivery === undefined ? {} : { delivery }),
    },
    ...{ configure: nothing, setup: nothing, teardown: nothing, close: nothing, setConsuming: () => undefined },
    runHandler: createHandler(consumer),
    laneOf: (item) => readLane({ key }, item),
    untilReady: () => undefined,
    restarting: undefined,
  };
}

function createHandler(consumer: EventConsumer): RunHandler {
  return async ({ items, attempt }: HandlerInput, run: HandlerRun) => {
    const [item] = items;
    if (!item) return { kind: 'done' };
    const event = readEvent(consumer, item);
    if ('kind' in event) return event;
    const { subject, sequence } = item;
    const context = new MeshContext({
      ...{ subject, sequence, attempt, idempotencyKey: `${consumer.name}:${event.id}` },
      // Most handlers do not ask for it.
      get signal() {
        return run.signal;
      },
    });
    return toOutcome(await runEventHandler(findHandler(consumer, event)!.run, event, context));
  };
}
