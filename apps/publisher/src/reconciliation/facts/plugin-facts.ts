import { deadSubject, directSubject, eventFilter, formatRecordKey, MeshError } from '@crm-mesh/contract';
import type { DeadLetter } from '@crm-mesh/delivery';
import type { Nats } from '@crm-mesh/jetstream';
import type { Ledger, LedgerEntry } from '@crm-mesh/ledger';
import type { Mismatch, RecordFacts } from '@crm-mesh/reconciliation';
import type { LastReport } from '../run/leg.js';
import { askHosts, type HostsAnswer } from './ask-hosts.js';
import { findPlugin, isTold, type PluginPlace } from './find-plugin.js';
import { mapSome } from './map-some.js';
import { readFew, readRecordEvents, type ReadEvent } from './read-events.js';
import { weighPlugin } from './weigh-plugin.js';

export interface PluginFactsOptions {
  nats: Nats;
  ledger: Pick<Ledger, 'get' | 'refresh'>;
  consumer: string;
  /** Where the plugin marks records by fields: which, by entity. */
  fieldsOf(entity: string): readonly string[] | undefined;
}

/** What streams and ledger say of one record. */
interface Gathered {
  mismatch: Mismatch;
  record: string;
  entry: LedgerEntry | undefined;
  events: ReadEvent[];
  deadSequences: number[];
  isSentDirectly: boolean;
}

/** Gathers what the mesh knows of records on which the ledger and a plugin differ: for these alone, many at a time. */
export async function collectPluginFacts(
  options: PluginFactsOptions,
  mismatches: readonly Mismatch[],
  last: LastReport | undefined,
): Promise<RecordFacts[]> {
  const { nats, ledger, consumer } = options;
  const plugin = await findPlugin(nats, consumer);
  if (!plugin) throw new MeshError('MESH_PLUGIN_UNKNOWN', `Nobody consumes as "${consumer}".`);
  await ledger.refresh();
  const gathered = await mapSome(mismatches, (mismatch) => gather(mismatch, plugin, options));
  // Asked last: what is parked meanwhile is seen by one or the other.
  const hosts = await askHosts(nats, { consumer, records: gathered.map((one) => toWanted(one, plugin)) });
  const equal = (await last?.listEqual(mismatches.map(({ record }) => record))) ?? new Set<string>();
  return gathered.map((one) =>
    weigh(one, { plugin, hosts, equalUpTo: (record) => (equal.has(record) ? last!.upTo : -1) }),
  );
}

async function gather(
  mismatch: Mismatch,
  plugin: PluginPlace,
  { nats, ledger, consumer, fieldsOf }: PluginFactsOptions,
): Promise<Gathered> {
  const { record } = mismatch;
  const filter = eventFilter({
    tenant: record.tenant,
    connection: record.connection,
    entity: record.entity,
    id: record.id,
  });
  const fields = mismatch.kind === 'edited' ? fieldsOf(record.entity) : undefined;
  const [entry, events, deadSequences, isSentDirectly] = await Promise.all([
    ledger.get(record),
    readRecordEvents(nats, record, fields),
    readDead(nats, deadSubject(consumer, filter)),
    isOnItsWay(nats, directSubject(consumer, filter), plugin),
  ]);
  return { mismatch, record: formatRecordKey(record), entry, events, deadSequences, isSentDirectly };
}

async function readDead(nats: Nats, filter: string): Promise<number[]> {
  const sequences: number[] = [];
  for await (const { data } of readFew(nats, 'CRM_DEAD', filter))
    sequences.push((JSON.parse(Buffer.from(data).toString()) as DeadLetter).original.sequence);
  return sequences;
}

async function isOnItsWay(nats: Nats, filter: string, { directSettledUpTo }: PluginPlace): Promise<boolean> {
  const from = directSettledUpTo === undefined ? 1 : directSettledUpTo + 1;
  return Number.isSafeInteger(from) && (await nats.getNextMessage('CRM_DIRECT', from, filter)) !== undefined;
}

/** By what the durable says; whether its origin is skipped only the host knows, and then nothing of it is done. */
function toWanted({ record, events }: Gathered, plugin: PluginPlace): { record: string; eventId?: string } {
  const newest = findNewest(events, plugin);
  return { record, ...(newest ? { eventId: newest.eventId } : {}) };
}

function findNewest(events: readonly ReadEvent[], plugin: PluginPlace, skipOrigins: readonly string[] = []) {
  return events.findLast((event) => isTold(event, plugin, { skipOrigins, startsWithSnapshot: true }));
}

function weigh(
  { mismatch, record, entry, events, deadSequences, isSentDirectly }: Gathered,
  { plugin, hosts, equalUpTo }: { plugin: PluginPlace; hosts: HostsAnswer; equalUpTo(record: string): number },
): RecordFacts {
  const newest = findNewest(events, plugin, hosts.delivery.skipOrigins);
  return weighPlugin(mismatch, {
    ...{ entry, deadSequences, isSentDirectly },
    events: events.map((event) => ({ ...event, isTold: isTold(event, plugin, hosts.delivery) })),
    settledUpTo: Math.min(plugin.settledUpTo, mismatch.settledUpTo ?? Infinity),
    isParked: hosts.parked.has(record),
    isDone: newest !== undefined && (hosts.done.has(newest.eventId) || hosts.receipts.has(newest.sequence)),
    wasEqual: entry !== undefined && entry.sequence <= equalUpTo(record),
  });
}
