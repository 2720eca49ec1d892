import type { PollPage } from '@crm-mesh/sdk';
import { describe, expect, it } from 'vitest';
import { readSampleJson } from '../../test/context.js';
import {
  connectOrg,
  DATA,
  describeOf,
  queriesOf,
  refuseWith,
  rowsOf,
  type Answers,
  type TestContext,
} from './org.fixture.js';
import { pollSalesforce } from './poll.js';
import { chooseSpan } from './read-deleted.js';
import { scanSalesforce } from './scan.js';

const FROM_MS = Date.parse('2026-03-24T15:50:00.400Z');
const TO_MS = Date.parse('2026-03-24T16:04:30.000Z');
const idOf = (number: number): string => `0038d${String(number).padStart(10, '0')}`;
const rows = (count: number, first = 0) =>
  Array.from({ length: count }, (_, index) => ({
    Id: idOf(first + index),
    SystemModstamp: '2026-03-24T15:59:58.000+0000',
  }));

function contacts(part: Answers = {}): Answers {
  return {
    [`GET ${DATA}/sobjects/Contact/describe`]: () => describeOf('Id', 'Name', 'SystemModstamp'),
    [`GET ${DATA}/query`]: () => rowsOf([]),
    [`GET ${DATA}/queryAll`]: () => rowsOf([]),
    [`GET ${DATA}/sobjects/Contact/deleted/`]: () => readSampleJson('salesforce/api-get-deleted.json'),
    ...part,
  };
}

async function pollAll(context: TestContext, entity = 'contact'): Promise<PollPage[]> {
  const pages: PollPage[] = [];
  for (let cursor: string | undefined; pages.length === 0 || cursor !== undefined; cursor = pages.at(-1)!.cursor) {
    pages.push(await pollSalesforce.page({ entity, fromMs: FROM_MS, toMs: TO_MS, ...(cursor && { cursor }) }, context));
  }
  return pages;
}

describe('a window', () => {
  it('goes on behind the last row, although a whole page has one time', async () => {
    const pages = [rows(2_000), rows(1, 2_000)];
    const context = connectOrg(contacts({ [`GET ${DATA}/query`]: () => rowsOf(pages.shift()!) }));
    const [first, second, deleted] = await pollAll(context);
    expect([first, second, deleted].map((page) => page!.drafts.length)).toEqual([2_000, 1, 2]);
    const end = 'SystemModstamp <= 2026-03-24T16:04:30.000Z ORDER BY SystemModstamp, Id LIMIT 2000';
    const last = '2026-03-24T15:59:58.000Z';
    const lastId = first!.drafts.at(-1)!.id;
    expect(queriesOf(context).slice(0, 2)).toEqual([
      `SELECT Id, SystemModstamp, Name FROM Contact WHERE SystemModstamp >= 2026-03-24T15:50:00.000Z AND ${end}`,
      `SELECT Id, SystemModstamp, Name FROM Contact WHERE ((SystemModstamp = ${last} AND Id > '${lastId}') OR SystemModstamp > ${last}) AND ${end}`,
    ]);
  });

  it('follows nextRecordsUrl: wide rows come fewer at a time', async () => {
    const next = `${DATA}/query/01g8d00000QrStUAAV-2000`;
    const context = connectOrg(
      contacts({
        [`GET ${DATA}/query`]: () => rowsOf(rows(2), { done: false, nextRecordsUrl: next }),
        [`GET ${next}`]: () => rowsOf(rows(1, 2)),
      }),
    );
    expect((await pollAll(context))[0]!.drafts).toHaveLength(3);
  });

  it('carries the row, so that it is not read again; the same row has the same key, another content another', async () => {
    const row = rows(1)[0]!;
    const read = async (Name: string) =>
      (await pollAll(connectOrg(contacts({ [`GET ${DATA}/query`]: () => rowsOf([{ ...row, Name }]) }))))[0]!.drafts[0]!;
    const [one, again, other] = await Promise.all([read('a'), read('a'), read('b')]);
    expect(one).toMatchObject({ entity: 'contact', modifiedAt: '2026-03-24T15:59:58.000Z', fetched: { Name: 'a' } });
    expect(again!.dedupeKey).toBe(one!.dedupeKey);
    expect(other!.dedupeKey).not.toBe(one!.dedupeKey);
  });

  it('tells deletions, and as merged the record that swallowed one', async () => {
    const winner = '0038d00000pQ7LnAAK';
    const context = connectOrg(
      contacts({ [`GET ${DATA}/queryAll`]: () => rowsOf([{ Id: '0038d00000pQ7LmAAK', MasterRecordId: winner }]) }),
    );
    const page = (await pollAll(context)).at(-1)!;
    expect(page.drafts.map(({ id, change, mergedIds, modifiedAt }) => ({ id, change, mergedIds, modifiedAt }))).toEqual(
      [
        { id: winner, change: 'merged', mergedIds: ['0038d00000pQ7LmAAK'], modifiedAt: '2026-03-19T16:40:03.000Z' },
        { id: '0038d00000pQ7LmAAK', change: 'deleted', modifiedAt: '2026-03-19T16:40:03.000Z' },
        { id: '0038d00000pQ7LXAA0', change: 'deleted', modifiedAt: '2026-03-18T10:30:00.000Z' },
      ],
    );
    expect(page.coveredToMs).toBe(Date.parse('2026-03-24T16:04:00.000Z'));
    expect(queriesOf(context).at(-1)).toContain('IsDeleted = true AND Id IN');
  });

  it('tells a deletion as one where the user is not shown what it was merged into', async () => {
    const context = connectOrg(contacts({ [`GET ${DATA}/queryAll`]: refuseWith('INVALID_FIELD') }));
    expect((await pollAll(context)).at(-1)!.drafts.map(({ change }) => change)).toEqual(['deleted', 'deleted']);
  });

  it.each([
    ['is trimmed', () => ({ deletedRecords: [], earliestDateAvailable: '2026-03-24T16:00:00.000+0000' }), '16:00:00'],
    ['refuses the time', refuseWith('INVALID_REPLICATION_DATE'), '16:04:30'],
  ])('asks the recycle bin where the log of deletions %s', async (_name, deleted, end) => {
    const binned = { Id: '0038d00000pQ7LmAAK', SystemModstamp: '2026-03-24T15:51:00.000+0000' };
    const context = connectOrg(
      contacts({
        [`GET ${DATA}/sobjects/Contact/deleted/`]: deleted,
        [`GET ${DATA}/queryAll`]: ({ query }) => rowsOf(String(query?.q).includes('Modstamp') ? [binned] : []),
      }),
    );
    const page = (await pollAll(context)).at(-1)!;
    expect(page.drafts).toMatchObject([{ id: binned.Id, change: 'deleted', modifiedAt: '2026-03-24T15:51:00.000Z' }]);
    expect(queriesOf(context)).toContainEqual(
      expect.stringMatching(`IsDeleted = true AND SystemModstamp >= .*50:00.000Z AND SystemModstamp <= .*T${end}`),
    );
  });

  it('asks for shorter times where there are too many deletions for one answer', async () => {
    const asked: string[] = [];
    const context = connectOrg(
      contacts({
        [`GET ${DATA}/sobjects/Contact/deleted/`]: ({ query }) => {
          asked.push(`${String(query!.start).slice(11, 16)} ${String(query!.end).slice(11, 16)}`);
          if (asked.length === 1) return refuseWith('EXCEEDED_ID_LIMIT')();
          return { deletedRecords: [], latestDateCovered: '2026-03-24T16:04:00.000+0000' };
        },
      }),
    );
    expect((await pollAll(context)).at(-1)!.coveredToMs).toBe(Date.parse('2026-03-24T16:04:00Z'));
    expect(asked).toEqual(['15:50 16:05', '15:50 15:58', '15:57 16:05']);
  });

  it('asks both objects of an entity, one after the other', async () => {
    const answers = (object: string, id: string): Answers => ({
      [`GET ${DATA}/sobjects/${object}/describe`]: () => describeOf('Id', 'SystemModstamp'),
      [`GET ${DATA}/sobjects/${object}/deleted/`]: () => ({
        deletedRecords: [{ id, deletedDate: '2026-03-24T16:00:00.000+0000' }],
        latestDateCovered: '2026-03-24T17:00:00.000+0000',
      }),
    });
    const context = connectOrg(
      {
        ...answers('Task', '00T8d00000AbCdEEAV'),
        ...answers('Event', '00U8d00000AbCdEEAV'),
        [`GET ${DATA}/query`]: () => rowsOf([]),
      },
      { objects: ['Task', 'Event'] },
    );
    const pages = await pollAll(context, 'activity');
    expect(pages.flatMap(({ drafts }) => drafts.map(({ id }) => id))).toEqual([
      '00T8d00000AbCdEEAV',
      '00U8d00000AbCdEEAV',
    ]);
    expect(pages.map(({ coveredToMs }) => coveredToMs)).toEqual([undefined, undefined, undefined, undefined]);
  });
});

describe('the span that getDeleted is asked for', () => {
  const NOW_MS = Date.parse('2026-03-24T16:05:00Z');
  const DAY_MS = 86_400_000;

  it.each([
    ['whole minutes', 10 * 60_000 + 400, '2026-03-24T15:54:00+00:00'],
    ['at least two of them', 1_000, '2026-03-24T16:03:00+00:00'],
    ['no more than is remembered', 20 * DAY_MS, '2026-03-09T16:15:00+00:00'],
  ])('%s', (_name, agoMs, start) => {
    expect(chooseSpan({ fromMs: NOW_MS - agoMs, toMs: NOW_MS }, NOW_MS)).toEqual({
      start,
      end: '2026-03-24T16:05:00+00:00',
    });
  });

  it('is never longer than Salesforce answers', () => {
    expect(pollSalesforce).toMatchObject({
      overlapMs: 600_000,
      longestWindowMs: 14 * DAY_MS,
      retentionMs: 15 * DAY_MS,
    });
  });
});

describe('a scan', () => {
  it('goes by ids over all pages and counts once', async () => {
    const pages = [rows(2_000), rows(3, 2_000)];
    const context = connectOrg(
      contacts({
        [`GET ${DATA}/query`]: ({ query }) =>
          String(query?.q).includes('count()') ? rowsOf([], { totalSize: 2_003 }) : rowsOf(pages.shift()!),
      }),
    );
    const first = await scanSalesforce.page({ entity: 'contact', fields: 'versions' }, context);
    expect(first).toMatchObject({ total: 2_003, cursor: `Contact/${first.drafts.at(-1)!.id}` });
    const second = await scanSalesforce.page({ entity: 'contact', fields: 'versions', cursor: first.cursor! }, context);
    expect(second.drafts).toHaveLength(3);
    expect(second).not.toHaveProperty('cursor');
    expect(second).not.toHaveProperty('total');
    expect(queriesOf(context)[2]).toBe(
      `SELECT Id, SystemModstamp FROM Contact WHERE Id > '${first.drafts.at(-1)!.id}' ORDER BY Id LIMIT 2000`,
    );
    expect(second.drafts[0]).not.toHaveProperty('fetched');
  });

  it('carries whole records where they are asked for', async () => {
    const context = connectOrg(contacts({ [`GET ${DATA}/query`]: () => rowsOf(rows(1)) }));
    const page = await scanSalesforce.page({ entity: 'contact', fields: 'records' }, context);
    expect(page.drafts[0]).toHaveProperty('fetched');
  });
});
