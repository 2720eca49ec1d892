import { join } from 'node:path';
import type { JetStreamManager } from '@nats-io/jetstream';
import { editOfItem } from '../mesh/crm.js';
import type { FaultMesh } from '../mesh/fault-mesh.js';
import { countWaiting, readRows } from '../mesh/store-files.js';
import type { Evidence, LedgerRow, Letter, LoggedEvent, RawMessage } from './evidence.js';

interface Stored {
  subject: string;
  sequence: number;
  text: string;
}

interface Body {
  id: string;
  name: string;
  industry?: string;
}

/** Ends the apps in an orderly way, so that all is committed, and reads what they leave behind. */
export async function gatherEvidence(mesh: FaultMesh): Promise<Evidence> {
  await Promise.all([mesh.publisher.stop(), mesh.standby.stop(), mesh.host.stop()]);
  const { jsm, storeFolder, sender, host } = mesh;
  return {
    statements: [...sender.statements, ...(mesh.crm?.statements ?? [])],
    raw: (await readAll(jsm, 'CRM_RAW')).map(readRaw),
    events: (await readAll(jsm, 'CRM_EVENTS')).map(readEvent),
    letters: (await readAll(jsm, 'CRM_DEAD')).map(readLetter),
    ledger: readLedger(join(storeFolder, 'publisher.db')),
    effects: mesh.effects(),
    crashedLives: host.crashed,
    givenUp: mesh.givenUp,
    waiting: countWaiting(storeFolder),
  };
}

async function readAll(jsm: JetStreamManager, stream: string): Promise<Stored[]> {
  const { state } = await jsm.streams.info(stream);
  const found: Stored[] = [];
  for (let next = state.first_seq; state.messages > 0 && next <= state.last_seq;) {
    const before = found.length;
    for await (const message of await jsm.direct.getBatch(stream, { seq: next, batch: 500 })) {
      found.push({ subject: message.subject, sequence: message.seq, text: message.string() });
    }
    if (found.length === before) break;
    next = found.at(-1)!.sequence + 1;
  }
  return found;
}

const editOf = ({ name }: Body): number => Number(name.slice('edit '.length));

function readRaw({ sequence, text }: Stored): RawMessage {
  const notification = JSON.parse(text) as {
    tenant: string;
    connection: string;
    entity: string;
    id: string;
    dedupeKey: string;
    payload: { data: Body } | Parameters<typeof editOfItem>[0];
  };
  const { tenant, connection, entity, id, dedupeKey, payload } = notification;
  const edit = 'data' in payload ? editOf(payload.data) : editOfItem(payload);
  // Of CloudEvents it is `source id`, of all else the id.
  const statementId = dedupeKey.split(' ').at(-1)!;
  return {
    sequence,
    connection: `${tenant}/${connection}`,
    statementId,
    record: `${tenant}/${connection}/${entity}/${id}`,
    edit,
  };
}

function readEvent({ sequence, text }: Stored): LoggedEvent {
  const event = JSON.parse(text) as { source: string; subject: string; recordversion: number; data: Body };
  const { source, subject, recordversion: version, data } = event;
  const record = `${source.slice(1)}/${subject}`;
  return { sequence, record, version, edit: editOf(data), task: data.industry ?? 'work', text };
}

function readLetter({ text }: Stored): Letter {
  const letter = JSON.parse(text) as {
    consumer: string;
    error: { name: string; message: string };
    original: { stream: string; sequence: number; payload?: unknown; payloadText?: string };
  };
  const { consumer, error, original } = letter;
  const payload = original.payload === undefined ? original.payloadText : JSON.stringify(original.payload);
  const { stream, sequence } = original;
  return { consumer, stream, sequence, error: `${error.name}: ${error.message}`, text: payload };
}

function readLedger(file: string): LedgerRow[] {
  type Row = Record<'tenant' | 'connection' | 'entity' | 'id' | 'data', string> & { version: number };
  const rows = readRows<Row>(
    file,
    'ledger',
    'SELECT tenant, connection, entity, id, version, data FROM ledger WHERE version > 0',
  );
  return rows.map(({ tenant, connection, entity, id, version, data }) => ({
    record: `${tenant}/${connection}/${entity}/${id}`,
    version,
    edit: editOf(JSON.parse(data) as Body),
  }));
}
