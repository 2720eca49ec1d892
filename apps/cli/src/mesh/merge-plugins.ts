import type { HostStatus, PluginStatus } from '@crm-mesh/control';
import type { ConsumerStatus } from '@crm-mesh/delivery';

/** A consumer of a plugin, or a plugin that has none, on one host. */
export interface PluginRow {
  /** The plugin's, or its partition's. */
  name: string;
  /** Whose dead letters are shown in this row: those of partitions lie together, and stand in the first. */
  deadOf?: string;
  /** Who runs it; undefined: nobody, as far as the hosts know. */
  host: string | undefined;
  state: string;
  /** Why there is no consumer. */
  reason?: string;
  consumer?: ConsumerStatus;
}

/** Of what hosts share one row for each partition, from the host that runs it; of all else one for each host. */
export function mergePlugins(hosts: readonly HostStatus[]): PluginRow[] {
  const all = hosts.flatMap(({ host, plugins }) => plugins.map((plugin) => ({ host, plugin })));
  const names = [...new Set(all.map(({ plugin }) => plugin.name))].toSorted();
  return names.flatMap((name) => mergeOne(all.filter(({ plugin }) => plugin.name === name)));
}

function mergeOne(found: readonly { host: string; plugin: PluginStatus }[]): PluginRow[] {
  const own = found.filter(({ plugin }) => !plugin.shares);
  const shares = found.flatMap(({ host, plugin }) =>
    (plugin.shares ?? []).map((share) => ({ ...share, host, state: plugin.state })),
  );
  const rows = [...new Set(shares.map((share) => share.name))].map((name, index): PluginRow => {
    const dead = index === 0 ? { deadOf: found[0]!.plugin.name } : {};
    const runs = shares.find((share) => share.name === name && share.consumer);
    if (runs) return { name, ...dead, host: runs.host, state: runs.state, consumer: runs.consumer! };
    const holder = shares.find((share) => share.name === name && share.holder)?.holder;
    return { name, ...dead, host: holder, state: 'waiting' };
  });
  return [...rows, ...own.map(({ host, plugin }) => describeOwn(host, plugin))];
}

function describeOwn(host: string, { name, state, reason, waitsFor, consumer }: PluginStatus): PluginRow {
  const why = reason ?? waitsFor;
  return { name, deadOf: name, host, state, ...(why ? { reason: why } : {}), ...(consumer ? { consumer } : {}) };
}
