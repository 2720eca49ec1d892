import { MeshError, type EventPattern, type MeshEvent } from '@crm-mesh/contract';
import { isEvent, type DeliveryOptions, type DeliveryPreset } from '@crm-mesh/sdk';
import { checkDefinition, describeUnknownKey, type Problem } from '@crm-mesh/sdk/running';
import type { MessageHandler } from '@nestjs/microservices';

/**
 * What stands beside the pattern: `@EventPattern('deal.won', { consumer: 'billing' })`. Handlers with the same `consumer`
 * share its durable, and the events of one record keep their order through all of them.
 */
export interface EventOptions<P extends EventPattern = EventPattern> {
  /** The durable's name: lower-case letters, digits and dashes, at most 32. A new name is a new consumer. */
  consumer: string;
  /** One line for people: shown by `nats consumer info`. */
  description?: string;
  /** How events are delivered, as for a plugin; of several handlers of one consumer, one says it. */
  delivery?: Omit<DeliveryOptions, 'isolation' | 'heapMb' | 'batch'> | DeliveryPreset;
  /** What is kept in order; default: the record. Return the same text for what must not run side by side. */
  key?(event: MeshEvent<P>): string;
}

/** An `@EventPattern` method as Nest registers it. */
export interface EventHandler {
  /** `DealsController.onWon` */
  name: string;
  patterns: string[];
  options: Record<string, unknown>;
  run: MessageHandler;
}

/** One durable and the handlers that it feeds. */
export interface EventConsumer {
  name: string;
  description: string | undefined;
  events: readonly EventPattern[];
  delivery: DeliveryOptions | DeliveryPreset | undefined;
  key: EventOptions['key'] | undefined;
  handlers: readonly EventHandler[];
}

const KEYS = ['consumer', 'description', 'delivery', 'key'];
/** Of a consumer, not of a handler: where several handlers say it, they must say the same. */
const SHARED = ['description', 'delivery', 'key'] as const;
/** A plugin's; here everything runs in the app itself, one event at a time. */
const FOREIGN = ['isolation', 'heapMb', 'batch'];

/** Which consumers the handlers make. Throws MESH_HANDLER_INVALID with all that is wrong. */
export function groupHandlers(handlers: readonly EventHandler[], app: string): EventConsumer[] {
  const problems = handlers.flatMap((handler) => checkHandler(handler, app));
  if (problems.length > 0) throw describeHandlers(problems);
  const groups = new Map<string, EventHandler[]>();
  for (const handler of handlers) {
    const name = handler.options['consumer'] as string;
    groups.set(name, [...(groups.get(name) ?? []), handler]);
  }
  const rivals = [...groups.values()].flatMap(checkTogether);
  if (rivals.length > 0) throw describeHandlers(rivals);
  return [...groups].map(([name, group]) => describeGroup(name, group));
}

/** Of a consumer's handlers, the one for an event; what is no event of theirs has none. */
export function findHandler({ handlers }: EventConsumer, event: MeshEvent): EventHandler | undefined {
  return handlers.find(({ patterns }) => patterns.some((pattern) => isEvent(event, pattern as EventPattern)));
}

function checkHandler(handler: EventHandler, app: string): Problem[] {
  const { name, patterns, options } = handler;
  const { consumer, description, delivery, key } = options;
  const events = patterns.map((pattern) => `'${pattern}'`).join(', ');
  const usual = `${app}-${patterns[0]}`
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/-$/g, '');
  const definition = { name: consumer, events: patterns, description, delivery, key, handle: handler.run };
  const found = checkDefinition(definition, usual).map((problem) => renameField(problem, { events, usual }));
  const foreign = typeof delivery === 'object' && delivery !== null ? Object.keys(delivery) : [];
  return [
    ...found,
    ...foreign
      .filter((option) => FOREIGN.includes(option))
      .map((option) => ({
        field: `delivery.${option}`,
        what: 'does not count here: handlers run in the app itself, one event at a time',
        cure: `Leave ${option} out.`,
      })),
    ...Object.keys(options)
      .filter((option) => !KEYS.includes(option))
      .map((option) => describeUnknownKey(option, option, KEYS)),
  ].map((problem) => ({ ...problem, field: `@EventPattern(${events}) on ${name}: ${problem.field}` }));
}

/** `checkDefinition` speaks of plugins. */
function renameField(problem: Problem, { events, usual }: { events: string; usual: string }): Problem {
  const { field, what, cure } = problem;
  if (field !== 'name') return { ...problem, field: field.replace(/^events\[\d+\]$/, 'the pattern') };
  if (what !== 'is missing') return { field: 'consumer', what, cure };
  return { field: 'consumer', what, cure: `Write @EventPattern(${events}, { consumer: '${usual}' }).` };
}

/** One event must go to one handler, or nobody knows when it is done. */
function checkTogether(group: readonly EventHandler[]): Problem[] {
  const pairs = group.flatMap((first, index) => group.slice(index + 1).map((second) => [first, second] as const));
  return pairs.flatMap(([first, second]): Problem[] => {
    const field = `consumer "${String(first.options['consumer'])}"`;
    const both = `${describeHandler(first)} and ${describeHandler(second)}`;
    const shared = first.patterns.find((pattern) => second.patterns.some((other) => overlaps(pattern, other)));
    if (shared !== undefined) {
      const what = `is on ${both}, which want the same events`;
      return [
        { field, what, cure: 'Give one of them a consumer name of its own, or let one handler take these events.' },
      ];
    }
    const key = SHARED.find((option) => contradict(first.options[option], second.options[option]));
    if (key === undefined) return [];
    const what = `has another ${key} on each of ${both}`;
    return [{ field, what, cure: `Say ${key} on one of them: it holds for the whole consumer.` }];
  });
}

function contradict(first: unknown, second: unknown): boolean {
  if (first === undefined || second === undefined || first === second) return false;
  return typeof first === 'function' || JSON.stringify(first) !== JSON.stringify(second);
}

function overlaps(first: string, second: string): boolean {
  if (first === '*' || second === '*' || first === second) return true;
  const [[entity, action], [otherEntity, otherAction]] = [first.split('.'), second.split('.')];
  return entity === otherEntity && (action === '*' || otherAction === '*');
}

function describeHandler({ name, patterns }: EventHandler): string {
  return `${name} (${patterns.join(', ')})`;
}

function describeGroup(name: string, handlers: readonly EventHandler[]): EventConsumer {
  const [description, delivery, key] = SHARED.map(
    (option) => handlers.find(({ options }) => options[option] !== undefined)?.options[option],
  );
  return {
    name,
    description: description as string | undefined,
    events: handlers.flatMap(({ patterns }) => patterns as EventPattern[]),
    delivery: delivery as EventConsumer['delivery'],
    key: key as EventConsumer['key'],
    handlers,
  };
}

function describeHandlers(problems: readonly Problem[]): MeshError {
  const what = problems.map((problem) => `${problem.field} ${problem.what}`).join('; ');
  const cure = [...new Set(problems.map((problem) => problem.cure))].join(' ');
  return new MeshError('MESH_HANDLER_INVALID', `${what}.`, { cure });
}
