import { matchesPatterns, MeshError, patternFilters } from '@crm-mesh/contract';
import type { ConsumerSpec, DeliveryPolicy } from '@crm-mesh/delivery';
import type { DurableState } from '@crm-mesh/jetstream';
import type { Logger } from '@crm-mesh/telemetry';
import { coversFilter } from './covers-filter.js';
import type { PluginCode } from './plugin-code.js';
import { readLimitKey } from './read-limit-key.js';
import { isSkipped, passOver } from './skip-origins.js';

export interface PluginToRun {
  code: PluginCode;
  version: string;
  policy: DeliveryPolicy;
  log: Logger;
}

/** What the delivery engine must know of a plugin. */
export function describeConsumer({ code, version, policy }: Omit<PluginToRun, 'log'>): ConsumerSpec {
  const { name, app, description, events, hasKey, hasSink } = code.summary;
  const { each, skipOrigins = [] } = policy;
  const filterSubject = patternFilters(events);
  return {
    name,
    description: description ?? `crm-mesh plugin ${name}: ${events.join(', ')}`,
    stream: 'CRM_EVENTS',
    filterSubject,
    metadata: {
      owner: 'crm-mesh',
      ...(app === undefined ? {} : { app }),
      plugin: name,
      'plugin.version': version,
      events: events.join(', '),
      filter: filterSubject,
      docs: 'docs/write-a-plugin.md; to hold it back: nats consumer pause CRM_EVENTS ' + name,
    },
    version,
    policy,
    accepts: (subject) => matchesPatterns(events, subject),
    runHandler: code.runHandler,
    untilReady: () => code.untilReady(),
    ...(hasSink ? { forget: async (beforeMs) => code.forget?.(beforeMs) } : {}),
    ...(hasKey ? { laneOf: (item) => code.laneOf(item) } : {}),
    ...(skipOrigins.length > 0
      ? {
          skips: (data) => isSkipped(skipOrigins, data),
          runHandler: passOver(code.runHandler, (data) => isSkipped(skipOrigins, data)),
        }
      : {}),
    ...(each ? { limitKeyOf: (item) => readLimitKey(each.by, item) } : {}),
  };
}

/** Two that share a durable would share its events. */
export function checkLiveOwner(spec: ConsumerSpec, live: DurableState): MeshError | undefined {
  const { owner, app } = live.metadata ?? {};
  if (owner !== 'crm-mesh' || app === spec.metadata['app']) return undefined;
  const whose = app === undefined ? 'a plugin of the host' : `the app "${app}"`;
  return new MeshError('MESH_PLUGIN_INVALID', `The durable "${spec.name}" belongs to ${whose}.`, {
    cure: 'Give one of the two consumers another name.',
  });
}

/** The ack policy of a durable cannot be changed: one that has another is refused, with the way to go on where it is. */
export function checkLiveAck(spec: ConsumerSpec, live: DurableState): MeshError | undefined {
  if (live.ack === spec.policy.ack) return undefined;
  const what = `The durable "${spec.name}" has the ack policy "${live.ack}"; the plugin now wants "${spec.policy.ack}".`;
  const cure =
    `The server cannot change it. Say delivery: { startFrom: { sequence: ${live.ackFloorSequence + 1} } }, so that it goes on ` +
    `where it is, run: nats consumer rm CRM_EVENTS ${spec.name} --force, then save the plugin (or start the app) again; or take back its ack policy.`;
  return new MeshError('MESH_PLUGIN_INVALID', what, { cure });
}

/**
 * Whether a durable that is already there lets everything through that the plugin wants. One whose filter an operator has
 * changed is obeyed as it is. One that we made for fewer events is not widened silently: refused, with the command.
 */
export function checkLiveFilter(spec: ConsumerSpec, live: DurableState): MeshError | undefined {
  if (coversFilter(live.filterSubject, spec.filterSubject)) return undefined;
  const isOurs = live.metadata?.['filter'] === live.filterSubject;
  if (!isOurs) return undefined;
  const what = `The durable "${spec.name}" was made for ${live.filterSubject}; its events are now ${spec.filterSubject}.`;
  const cure =
    `Widen it: nats consumer edit CRM_EVENTS ${spec.name} --filter '${spec.filterSubject}' --force ` +
    '(of the new events it then gets those that come from now on), then save the plugin (or start the app) again; or give it a new name.';
  return new MeshError('MESH_PLUGIN_INVALID', what, { cure });
}
