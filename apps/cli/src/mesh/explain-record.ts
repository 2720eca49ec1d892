import type { HostExplanation, PluginTrace, RecordHistory } from '@crm-mesh/control';
import { requestControl, requestEvery, type Nats } from '@crm-mesh/jetstream';

export interface Explanation {
  history: RecordHistory;
  /** Of each plugin what the host says that runs it, or is nearest to that. */
  plugins: (PluginTrace & { host: string })[];
  /** They have a place in the stream, and no host answers for them. */
  away: string[];
  /** Consumers of Nest applications: what they did is in their own stores. */
  apps: { name: string; app: string }[];
}

/** A record with thousands of messages takes its time. */
const TIMEOUT_MS = 30_000;
/** Hosts share what they know of a plugin; who runs it also knows its version. */
const NEAREST: readonly PluginTrace['state'][] = ['running', 'paused', 'restarting', 'standby'];

/** Asks the publisher, then all hosts. Throws MESH_RECORD_*. */
export async function explainRecord(nats: Nats, question: { record: string; values: boolean }): Promise<Explanation> {
  const options = { timeoutMs: TIMEOUT_MS };
  const history = await requestControl<RecordHistory>(nats, 'publisher', 'explain', question, options);
  const { record, aliases } = history;
  const hosts = await requestEvery<HostExplanation>(
    nats,
    'host',
    'explain',
    { record, aliases },
    { ...options, isEnough: (answers) => areAllTold(history, answers) },
  );
  const plugins = mergeTraces(hosts);
  const answered = new Set(plugins.map(({ consumer }) => consumer));
  const others = history.consumers.filter(({ name }) => !answered.has(name));
  return {
    history,
    plugins,
    away: [...new Set(others.filter(({ app }) => app === undefined).map(({ name }) => name))].toSorted(),
    apps: others.flatMap(({ name, app }) => (app === undefined ? [] : [{ name, app }])),
  };
}

/** Nobody knows more of a plugin than the host that runs it. */
export function areAllTold(
  { consumers }: Pick<RecordHistory, 'consumers'>,
  hosts: readonly HostExplanation[],
): boolean {
  const plugins = hosts.flatMap((host) => host.plugins).filter(({ state }) => state === 'running');
  const told = new Set(plugins.map(({ consumer }) => consumer));
  return consumers.every(({ name, app }) => app !== undefined || told.has(name));
}

/** One for each plugin, by name. */
export function mergeTraces(hosts: readonly HostExplanation[]): Explanation['plugins'] {
  const rank = ({ state }: PluginTrace): number => (NEAREST.includes(state) ? NEAREST.indexOf(state) : NEAREST.length);
  const all = hosts.flatMap(({ host, plugins }) => plugins.map((plugin) => ({ ...plugin, host })));
  const nearest = new Map<string, Explanation['plugins'][number]>();
  for (const trace of all.toSorted((a, b) => rank(a) - rank(b) || a.host.localeCompare(b.host)))
    if (!nearest.has(trace.consumer)) nearest.set(trace.consumer, trace);
  return [...nearest.values()].toSorted((a, b) => a.consumer.localeCompare(b.consumer));
}
