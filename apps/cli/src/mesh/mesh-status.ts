import { MeshError } from '@crm-mesh/contract';
import type { HostStatus, PluginStatus, PublisherStatus } from '@crm-mesh/control';
import { STREAM_NAMES, type Nats, type StreamState } from '@crm-mesh/jetstream';
import { askHosts, askStatus } from './control.js';
import { countDeadLetters } from './dead-letters.js';
import { mergePlugins } from './merge-plugins.js';

/** All that `mesh status` knows; also its JSON document. */
export interface MeshStatus {
  nats: { url: string; version: string };
  streams: StreamState[];
  publisher: PublisherStatus | null;
  /** Of several the first by name. */
  host: HostStatus | null;
  hosts: HostStatus[];
  deadLetters: { total: number; byConsumer: Record<string, number> };
  /** What is not as it should be; empty when all is well. */
  problems: string[];
}

export async function readMeshStatus(nats: Nats): Promise<MeshStatus> {
  const [publisher, hosts, streams] = await Promise.all([
    askStatus<PublisherStatus>(nats, 'publisher'),
    askHosts(nats),
    readStreams(nats),
  ]);
  const hasDead = streams.some((stream) => stream.name === 'CRM_DEAD');
  const deadLetters = hasDead ? await countDeadLetters(nats) : { total: 0, byConsumer: {} };
  const status = {
    nats: { url: nats.serverUrl, version: nats.serverVersion },
    streams,
    publisher: publisher ?? null,
    host: hosts[0] ?? null,
    hosts,
    deadLetters,
  };
  return { ...status, problems: findProblems(status) };
}

async function readStreams(nats: Nats): Promise<StreamState[]> {
  const states = await Promise.all(STREAM_NAMES.map((name) => readStream(nats, name)));
  return states.filter((state) => state !== undefined);
}

async function readStream(nats: Nats, name: string): Promise<StreamState | undefined> {
  try {
    return await nats.streamState(name);
  } catch (error) {
    if (error instanceof MeshError && error.code === 'MESH_STREAM_MISSING') return undefined;
    throw error;
  }
}

/** Dead letters are work for somebody, not a fault of the mesh: they are shown, and not among these. */
export function findProblems(status: Pick<MeshStatus, 'streams' | 'publisher' | 'hosts'>): string[] {
  const { streams, publisher, hosts } = status;
  const present = new Set(streams.map((stream) => stream.name));
  const missing = STREAM_NAMES.filter((name) => !present.has(name));
  const rows = mergePlugins(hosts);
  const consumers = [...(publisher?.consumers ?? []), ...rows.flatMap(({ consumer }) => consumer ?? [])];
  return [
    ...(missing.length > 0 ? [`streams are missing: ${missing.join(', ')}`] : []),
    ...(publisher ? [] : ['the publisher does not answer']),
    ...(hosts.length > 0 ? [] : ['the host does not answer']),
    ...hosts.flatMap((host) => listPluginProblems(host, hosts.length > 1)),
    ...rows.filter(({ state }) => state === 'waiting').map(describeWaiting),
    ...consumers
      .filter((consumer) => consumer.breaker !== 'closed')
      .map((consumer) => `${consumer.name} waits for what it depends on (${consumer.breaker} breaker)`),
    ...consumers
      .filter((consumer) => consumer.missed > 0)
      .map((consumer) => `${consumer.name} has missed up to ${consumer.missed} messages that its stream has forgotten`),
  ];
}

function listPluginProblems({ host, plugins }: HostStatus, isOneOfMany: boolean): string[] {
  const where = isOneOfMany ? `${host}: ` : '';
  return [
    ...plugins.filter(isRefused).map((plugin) => where + describeRefusal(plugin)),
    ...plugins
      .filter(({ state }) => state === 'restarting')
      .map(({ name, reason }) => `${where}plugin ${name} is started again: ${reason}`),
    ...plugins.flatMap(({ name, waitsFor }) => (waitsFor ? [`${where}plugin ${name} waits: ${waitsFor}`] : [])),
  ];
}

function describeWaiting({ name, host }: { name: string; host: string | undefined }): string {
  return host === undefined
    ? `no host runs ${name} at the moment`
    : `${name} is held by ${host}, which does not answer or is just taking it over`;
}

/** As its file and settings are now; a former version may run on meanwhile. */
export function isRefused({ state, reason }: PluginStatus): boolean {
  return state === 'refused' || (state !== 'restarting' && reason !== undefined);
}

function describeRefusal({ name, state, reason = 'see its log' }: PluginStatus): string {
  return state === 'refused'
    ? `plugin ${name} is refused: ${reason}`
    : `plugin ${name} is refused as it is now, and its former version is ${state}: ${reason}`;
}
