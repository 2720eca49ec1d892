import { formatRecordKey, isEntity, MeshError, parseRecordKey, rawFilter, type RecordKey } from '@crm-mesh/contract';
import type { Nats } from '@crm-mesh/jetstream';
import type { Ledger } from '@crm-mesh/ledger';

export interface FindOptions {
  nats: Nats;
  ledger: Pick<Ledger, 'get'>;
  connections: readonly { tenant: string; name: string }[];
}

/** `acme/hubspot/deal/4711`, or `deal/4711` where one connection alone knows it. Throws MESH_RECORD_*. */
export async function findRecord(text: string, options: FindOptions): Promise<RecordKey> {
  const whole = parseRecordKey(text);
  if (whole && isEntity(whole.entity)) return whole;
  const [, entity, id] = /^([^/]+)\/(.+)$/s.exec(text) ?? [];
  if (id === undefined || !isEntity(entity!)) {
    throw new MeshError('MESH_RECORD_UNKNOWN', `"${text}" names no record.`, {
      cure: 'A record is named tenant/connection/entity/id, such as acme/hubspot/deal/4711, or entity/id.',
    });
  }
  const keys = options.connections.map(({ tenant, name }) => ({ tenant, connection: name, entity: entity!, id }));
  const known = await Promise.all(keys.map((key) => isKnown(key, options)));
  const found = keys.filter((_key, index) => known[index]);
  if (found.length > 1) {
    const names = found.map(formatRecordKey).join(', ');
    throw new MeshError('MESH_RECORD_AMBIGUOUS', `Several connections know ${text}: ${names}.`);
  }
  if (found.length === 0) throw describeUnknown(text);
  return found[0]!;
}

export function describeUnknown(text: string): MeshError {
  return new MeshError('MESH_RECORD_UNKNOWN', `Neither the ledger nor any stream knows ${text}.`);
}

async function isKnown(key: RecordKey, { nats, ledger }: FindOptions): Promise<boolean> {
  if (await ledger.get(key)) return true;
  return (await nats.getLastMessage('CRM_RAW', rawFilter(key))) !== undefined;
}
