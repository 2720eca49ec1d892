import type { AnyRecord, Notification } from '@crm-mesh/contract';
import { defineSource, type Source, type SourceContext } from '@crm-mesh/sdk';
import { createMetrics } from '@crm-mesh/telemetry';
import { describe, expect, it } from 'vitest';
import { Connections, type Connection } from '../connections/connections.js';
import type { Statement } from './event-writer.js';
import { at, makeNotification } from './folded.fixture.js';
import { createNormalise } from './normalise.js';
import { NormaliserCounts } from './normaliser-counts.js';

/** What the source says of each record on the strength of what was gathered, and how often it was asked. */
async function state(
  gathered: Partial<Notification>[],
  isThin = true,
  stream?: string,
): Promise<{ told: string[]; reads: number; standsFor?: Statement['gathered'][] }> {
  let reads = 0;
  const statements: Statement[] = [];
  const map: Source['map'] = ({ fetched }) =>
    fetched === undefined
      ? { state: 'deleted' }
      : { state: 'present', record: { id: '7', ...(fetched as object) } as AnyRecord };
  const fetch = isThin ? { fetch: () => Promise.resolve(new Map<string, unknown>()) } : {};
  const source = defineSource<unknown>({ name: 'test', config: class {} as never, map, ...fetch });
  const loadRecord = (): Promise<unknown> => Promise.resolve({ name: `read ${(reads += 1)}` });
  const counts = { received: 0, refused: 0, duplicates: 0, events: 0, missed: 0 };
  const rest = { source, context: {} as SourceContext, loadRecord, coalesceMs: 0, counts };
  const connections = new Connections([{ tenant: 'acme', name: 'crm', ...rest } as Partial<Connection> as Connection]);
  const normalise = createNormalise({
    connections,
    writer: { write: (statement) => Promise.resolve(void statements.push(statement)) },
    counts: new NormaliserCounts(createMetrics({ app: 'publisher' }), { connections, now: Date.now }),
    unread: { note: () => undefined },
    payloads: { look: () => undefined },
    onLogReplaced: () => undefined,
  });
  const items = gathered.map((part, index) => ({
    data: Buffer.from(JSON.stringify(makeNotification({ dedupeKey: `${index}`, ...part }))),
    ...{ stream, sequence: index + 1 },
  }));
  expect(await normalise({ items } as never, { signal: new AbortController().signal } as never)).toEqual({
    kind: 'done',
  });
  const told = statements.map(({ mapped }) =>
    mapped.state === 'present' ? String((mapped.record as { name?: string }).name) : mapped.state,
  );
  return { told, reads, ...(stream ? { standsFor: statements.map((statement) => statement.gathered) } : {}) };
}

const sign = (second: number): Partial<Notification> => ({ modifiedAt: at(second) });
const row = (second: number): Partial<Notification> => ({
  ...sign(second),
  origin: 'poll',
  fetched: { name: `row ${second}` },
});

describe('a sign that carries the object', () => {
  it.each<[name: string, gathered: Partial<Notification>[], told: string, reads: number]>([
    ['is not read again', [row(10)], 'row 10', 0],
    ['the newest of several', [row(10), row(20), row(15)], 'row 20', 0],
    ['newer than what was only told of', [sign(10), row(20)], 'row 20', 0],
    ['older than what was only told of', [row(10), sign(20)], 'read 1', 1],
    ['as old as what was only told of', [row(10), sign(10)], 'read 1', 1],
    ['beside one without a time, which counts by its arrival', [row(10), { modifiedAt: undefined }], 'read 1', 1],
    ['beside an order to erase', [row(30), { ...sign(10), change: 'erased' }], 'deleted', 0],
    ['no sign carries it', [sign(10), sign(20)], 'read 1', 1],
  ])('%s', async (_name, gathered, told, reads) => {
    expect(await state(gathered)).toEqual({ told: [told], reads });
    expect(await state(gathered.toReversed())).toEqual({ told: [told], reads });
  });

  it('is mapped from it also where the source reads nothing', async () => {
    expect(await state([row(10), row(20)], false)).toEqual({ told: ['row 10', 'row 20'], reads: 0 });
  });
});

describe('what is gathered', () => {
  it.each<[name: string, signs: number, isThin: boolean, stream: string, standsFor: Statement['gathered'][]]>([
    ['one by itself', 1, true, 'CRM_RAW', [undefined]],
    ['several that were read as one', 3, true, 'CRM_RAW', [[1, 2, 3]]],
    ['each for itself, where the source reads nothing', 2, false, 'CRM_RAW', [undefined, undefined]],
    ['redriven ones, which have no place in CRM_RAW', 2, true, 'CRM_DIRECT', [undefined]],
  ])('%s', async (_name, signs, isThin, stream, standsFor) => {
    const gathered = Array.from({ length: signs }, (_, index) => sign(index + 1));
    expect(await state(gathered, isThin, stream)).toMatchObject({ standsFor });
  });
});
