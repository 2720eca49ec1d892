import { checkEventPattern } from '@crm-mesh/contract';
import type { DeliveryOptions } from '../delivery-options.js';
import { checkBatching } from './check-batching.js';
import { checkConfigSchema } from './check-config-schema.js';
import { checkDelivery } from './check-delivery.js';
import { checkProviders } from './check-providers.js';
import { checkSchemas } from './check-schemas.js';
import { checkReconcile } from './check-reconcile.js';
import { describeUnknownKey, type Problem } from './problem.js';

const HANDLE_CURE = 'Write: async handle(event, context) { … }.';
const NAME = /^[a-z](?:[a-z0-9-]{0,30}[a-z0-9])?$/;
/** Consumers that the mesh itself runs: a plugin's dead letters would lie among theirs. */
const RESERVED = ['normaliser', 'writer'];
const FUNCTIONS = ['sink', 'key', 'setup', 'handle', 'handleBatch', 'teardown'] as const;
const KEYS = [
  'kind',
  'name',
  'description',
  'events',
  'reads',
  'schemas',
  'config',
  'delivery',
  'imports',
  'inject',
  'reconcile',
  ...FUNCTIONS,
];

/** All that is wrong with what was given to `definePlugin`, whatever file it stands in; `usualName` is for the cure. */
export function checkDefinition(plugin: object, usualName = 'my-plugin'): Problem[] {
  const fields = plugin as Record<string, unknown>;
  return [
    ...checkName(fields['name'], usualName),
    ...checkEvents(fields['events']),
    ...checkReads(fields['reads']),
    ...checkSchemas(fields['schemas']),
    ...checkFunctions(fields),
    ...checkConfigSchema(fields['config']),
    ...checkDescription(fields['description']),
    ...checkDelivery(fields['delivery']),
    ...checkHandler(fields),
    ...checkProviders(fields),
    ...checkReconcile(fields['reconcile']),
    ...Object.keys(fields)
      .filter((key) => !KEYS.includes(key))
      .map((key) => describeUnknownKey(key, key, KEYS)),
  ];
}

function checkName(name: unknown, usualName: string): Problem[] {
  const cure = 'Use 1 to 32 lower-case letters, digits and dashes, beginning with a letter.';
  if (typeof name !== 'string') return [{ field: 'name', what: 'is missing', cure: `Write name: '${usualName}'.` }];
  if (!NAME.test(name)) return [{ field: 'name', what: `"${name}" is not allowed`, cure }];
  if (!RESERVED.includes(name)) return [];
  return [{ field: 'name', what: `"${name}" is one of the mesh's own consumers`, cure: 'Choose another name.' }];
}

function checkEvents(events: unknown): Problem[] {
  const example = `Write e.g. events: ['deal.won'].`;
  if (!Array.isArray(events) || events.length === 0)
    return [{ field: 'events', what: 'names no event', cure: example }];
  return events.flatMap((event: unknown, index) => {
    const field = `events[${index}]`;
    if (typeof event !== 'string') return [{ field, what: 'is no text', cure: example }];
    const check = checkEventPattern(event);
    if (check.ok) return [];
    const cure = check.suggestion ? `Did you mean "${check.suggestion}"?` : example;
    return [{ field, what: `"${event}" is no event`, cure }];
  });
}

/** `deal.amount`, `deal.custom.region`, `deal.lines` */
const READ_FIELD = /^[a-z][a-z0-9-]*(?:\.[^.\s]+)+$/;

function checkReads(reads: unknown): Problem[] {
  if (reads === undefined) return [];
  const cure = "Write e.g. reads: ['deal.amount', 'deal.custom.region'].";
  if (!Array.isArray(reads)) return [{ field: 'reads', what: 'is no list', cure }];
  return reads.flatMap((read: unknown, index) =>
    typeof read === 'string' && READ_FIELD.test(read)
      ? []
      : [{ field: `reads[${index}]`, what: 'names no field', cure }],
  );
}

function checkFunctions(plugin: Record<string, unknown>): Problem[] {
  return FUNCTIONS.filter((field) => !['function', 'undefined'].includes(typeof plugin[field])).map((field) => ({
    field,
    what: 'is no function',
    cure: field === 'handle' ? HANDLE_CURE : `Write ${field} as a function, or leave it out.`,
  }));
}

/** There is exactly one, and it is the one that the ack policy asks for. */
function checkHandler({ handle, handleBatch, delivery }: Record<string, unknown>): Problem[] {
  if (handle === undefined && handleBatch === undefined)
    return [{ field: 'handle', what: 'is missing', cure: HANDLE_CURE }];
  if (handle !== undefined && handleBatch !== undefined)
    return [{ field: 'handleBatch', what: 'stands beside handle', cure: 'Keep one of the two.' }];
  return checkDelivery(delivery).length > 0
    ? []
    : checkBatching(handleBatch !== undefined, delivery as DeliveryOptions);
}

function checkDescription(description: unknown): Problem[] {
  if (description === undefined || (typeof description === 'string' && description.length <= 500)) return [];
  return [
    {
      field: 'description',
      what: 'is no text of at most 500 characters',
      cure: 'Say in one line what the plugin does.',
    },
  ];
}
