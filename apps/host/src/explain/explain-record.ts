import { matchesPatterns, MeshError, parseRecordKey, type EventPattern } from '@crm-mesh/contract';
import type { PluginTrace } from '@crm-mesh/control';
import { readTrail, traceConsumer, type ItemToTrace, type RecordTrail, type ToldEvent } from '@crm-mesh/delivery';
import type { DurableState, Nats } from '@crm-mesh/jetstream';
import type { Store } from '@crm-mesh/store';
import type { Listener } from '../plugins/plugin-slot.js';

/** What is asked of a record. */
export interface RecordQuestion {
  /** `acme/hubspot/deal/4711` */
  record: string;
  /** Ids of records that it has swallowed: what was done with those belongs to it. */
  aliases?: readonly string[];
}

/** `gone`: it has a place in the stream, and its file is not here any more. */
type Known = Omit<Listener, 'state'> & { state: Listener['state'] | 'gone' };

export interface ExplainDependencies {
  nats: Nats;
  store: Store;
  listeners: readonly Listener[];
}

/** What the plugins did with a record, by name: also those that are paused, refused or gone. */
export async function explainRecord(question: RecordQuestion, deps: ExplainDependencies): Promise<PluginTrace[]> {
  const { nats, store } = deps;
  const [trail, durables, incarnations] = await Promise.all([
    readFamily(nats, question),
    readDurables(nats),
    readIncarnations(nats),
  ]);
  const erasedAtMs = trail.events.findLast(({ address }) => address.action === 'erased')?.storedAtMs;
  const common = { store, incarnations, durables, trail, erasedAtMs };
  return Promise.all(
    listAll(deps.listeners, durables).map(async (listener): Promise<PluginTrace> => {
      const items = trail.events.map((event) => toItem(event, listener));
      const { name: consumer, state, version } = listener;
      const trace = await traceConsumer({ ...common, consumer, items });
      return { ...trace, state, ...(version === undefined ? {} : { version }) };
    }),
  );
}

async function readFamily(nats: Nats, { record, aliases = [] }: RecordQuestion): Promise<RecordTrail> {
  const key = parseRecordKey(record);
  if (!key) throw new MeshError('MESH_CONTROL_INVALID', `record: "${record}" is not tenant/connection/entity/id.`);
  const keys = [key, ...aliases.map((id) => ({ ...key, id }))];
  const trails = await Promise.all(keys.map((each) => readTrail(nats, each)));
  const bySequence = (a: { sequence: number }, b: { sequence: number }): number => a.sequence - b.sequence;
  return {
    events: trails.flatMap(({ events }) => events).toSorted(bySequence),
    letters: trails.flatMap(({ letters }) => letters),
    copies: trails.flatMap(({ copies }) => copies).toSorted(bySequence),
    deeds: trails.flatMap(({ deeds }) => deeds),
  };
}

async function readDurables(nats: Nats): Promise<DurableState[]> {
  const lists = await Promise.all(['CRM_EVENTS', 'CRM_DIRECT'].map((stream) => nats.listDurables(stream)));
  return lists.flat();
}

async function readIncarnations(nats: Nats): Promise<Record<string, string>> {
  const states = await Promise.all(['CRM_EVENTS', 'CRM_DIRECT'].map((stream) => nats.streamState(stream)));
  return Object.fromEntries(states.map(({ name, incarnation }) => [name, incarnation]));
}

/** What is not loaded is known by what its durable says of it. */
function listAll(listeners: readonly Listener[], durables: readonly DurableState[]): Known[] {
  const kept = new Map<string, readonly EventPattern[]>();
  for (const { metadata: { app, plugin, events } = {} } of durables)
    if (app === undefined && plugin !== undefined) kept.set(plugin, (events ?? '').split(', ') as EventPattern[]);
  const known = new Set(listeners.map(({ name }) => name));
  const gone = [...kept.keys()].filter((name) => !known.has(name));
  const all: Known[] = [...listeners, ...gone.map((name): Known => ({ name, state: 'gone', skipOrigins: [] }))];
  return all
    .map((each) => ({ ...each, events: each.events ?? kept.get(each.name) ?? [] }))
    .toSorted((a, b) => a.name.localeCompare(b.name));
}

function toItem(event: ToldEvent, { events = [], skipOrigins }: Known): ItemToTrace {
  const { sequence, storedAtMs, subject, origin } = event;
  const wanted = matchesPatterns(events, subject);
  return { stream: 'CRM_EVENTS', sequence, storedAtMs, wanted, skipped: skipOrigins.includes(origin) };
}
