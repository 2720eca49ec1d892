import { MeshError } from '@crm-mesh/contract';
import type { RunReport } from '@crm-mesh/control';
import { RetryLater } from '@crm-mesh/sdk';
import { openStore, type Store } from '@crm-mesh/store';
import { makeTempDir, type TempDir } from '@crm-mesh/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Connections } from '../../connections/connections.js';
import { quietLog as log } from '../../publisher.fixture.js';
import { RECONCILIATION_MIGRATIONS } from './migrations.js';
import { buildReport } from './report.js';
import { RunDriver } from './run-driver.js';
import { RunRows } from './run-rows.js';
import type { RunState } from './run-state.js';
import { Runs, type RunRequest } from './runs.js';
import { TestSides } from './run.fixture.js';

let folder: TempDir;
let url: string;
let store: Store;
let rows: RunRows;
let runs: Runs;
let sides: TestSides;
let nowMs: number;
let ended: RunState[];

const connections = new Connections([]);

beforeEach(async () => {
  nowMs = 1_000_000;
  ended = [];
  sides = new TestSides();
  folder = makeTempDir('run-driver');
  url = `sqlite:${folder.path}/publisher.db`;
  await open();
});
afterEach(async () => {
  await store.close();
  folder.remove();
});

/** As the next process finds things. */
async function reopen(): Promise<void> {
  await store.close();
  await open();
}

async function open(): Promise<void> {
  store = await openStore({ url, migrations: RECONCILIATION_MIGRATIONS });
  rows = new RunRows(store);
  runs = new Runs({ rows, connections, now: () => nowMs });
}

const begin = (part: Partial<RunRequest> = {}): Promise<RunState> => runs.begin({ pair: 'table', by: 'ada', ...part });

function drive(run: string, signal = new AbortController().signal): Promise<void> {
  const onEnded = (state: RunState): Promise<void> => Promise.resolve(void ended.push(state));
  const clock = { now: () => (nowMs += 1_000), random: () => 0 };
  return new RunDriver(run, { rows, openLeg: sides.open, log, onEnded, onRepaired: () => undefined, ...clock }).drive(
    signal,
  );
}

async function reconcile(part: Partial<RunRequest> = {}): Promise<RunReport> {
  const { run } = await begin(part);
  await drive(run);
  return readReport(run);
}

async function readReport(run: string): Promise<RunReport> {
  return buildReport(rows, (await rows.read(run))!.state, 3);
}

const counted = ({ labels }: RunReport) => Object.fromEntries(labels.map(({ label, count }) => [label, count]));

describe('a run', () => {
  it('that finds nothing says so', async () => {
    sides.fill(25);
    expect(await reconcile({ repair: true })).toMatchObject({
      ...{ how: 'over', differences: 0, repaired: 0, labels: [] },
      progress: { compared: 25, total: 25, rows: 50, calls: 3 },
      entities: [{ unit: 'acme/crm/contact', compared: 25, differences: 0 }],
    });
  });

  it('only compares, unless it is to repair', async () => {
    sides.fill(25).is.delete('c00003');
    const report = await reconcile();
    expect(report).toMatchObject({ how: 'over', differences: 1, repaired: 0 });
    expect(report.labels).toMatchObject([
      { label: 'acked-not-applied', count: 1, repaired: 0, examples: ['acme/crm/contact/c00003'] },
    ]);
    expect(sides.repaired).toEqual([]);
  });

  it('repairs what differs, and the next one finds nothing', async () => {
    sides.fill(25).is.delete('c00003');
    sides.is.set('c00004', '0').set('c99999', '1');
    expect(await reconcile({ repair: true })).toMatchObject({ how: 'over', differences: 3, repaired: 3 });
    const second = await reconcile();
    expect(second).toMatchObject({ differences: 0, last: { at: expect.any(String) } });
    expect(second.labels).toMatchObject([{ label: 'acked-not-applied', count: 0, before: 3 }]);
  });

  it('leaves what is harmless, and what waits for a person', async () => {
    sides.fill(25);
    for (const id of ['c00001', 'c00002', 'c00003', 'c00004']) sides.is.delete(id);
    sides.facts.set('c00001', { isInFlight: true }).set('c00002', { isParked: true }).set('c00003', { isDead: true });
    const report = await reconcile({ repair: true });
    expect(counted(report)).toEqual({ 'in-flight': 1, parked: 1, 'dead-lettered': 1, 'acked-not-applied': 1 });
    expect(report).toMatchObject({ differences: 3, repaired: 1 });
    expect(sides.repaired).toEqual(['c00004']);
  });

  it('asks nobody about what it could not repair, and sends nothing', async () => {
    sides.fill(25);
    for (let n = 0; n < 30; n += 1) {
      sides.is.set(`x${n}`, '1');
      sides.facts.set(`x${n}`, { ledger: n % 2 === 0 ? 'unknown' : 'untold' });
    }
    const report = await reconcile({ repair: true });
    expect(report).toMatchObject({ how: 'over', differences: 30, repaired: 0 });
    expect(counted(report)).toEqual({ 'created-downstream': 30 });
    expect(sides.repaired).toEqual([]);
  });

  it('knows what was equal in the last one', async () => {
    sides.fill(25).is.delete('c00007');
    await reconcile();
    await reconcile();
    const { record } = (await rows.readExamples((await rows.list(undefined, 1))[0]!.run, 'acked-not-applied', 1))[0]!;
    const last = sides.seenReports.at(-1)!;
    expect(last.upTo).toBe(7);
    const others = [
      { ...record, id: 'c00008' },
      { ...record, entity: 'deal' },
    ];
    expect([...(await last.listEqual([record, ...others]))]).toEqual(['acme/crm/contact/c00008']);
  });

  it('of a range looks at nothing else', async () => {
    sides.fill(25);
    for (const id of ['c00003', 'c00009', 'c00011']) sides.is.delete(id);
    expect(await reconcile({ from: 'c00004', to: 'c00009' })).toMatchObject({ differences: 1 });
    expect(await reconcile({ record: 'acme/crm/contact/c00011' })).toMatchObject({ differences: 1 });
    expect(await reconcile({ record: 'acme/crm/contact/c00012' })).toMatchObject({ differences: 0 });
    expect((await reconcile({ entities: ['deal'] })).progress.compared).toBe(0);
  });
});

describe('a kill', () => {
  it('in the middle of comparing: it goes on behind the last step', async () => {
    sides.fill(50).is.delete('c00003');
    sides.is.delete('c00033');
    const { run } = await begin({ repair: true });
    const stop = new AbortController();
    sides.onStep = (at) => void (at === 30 && stop.abort());
    await drive(run, stop.signal);
    expect(ended).toEqual([]);
    sides.onStep = () => undefined;
    await reopen();
    await drive(run);
    expect(sides.begunAt).toEqual([undefined, '30']);
    expect(await readReport(run)).toMatchObject({ how: 'over', differences: 2, progress: { compared: 50, rows: 100 } });
  });

  it('in the middle of repairs: nothing is lost or sent twice', async () => {
    sides.fill(50);
    for (const id of ['c00003', 'c00004', 'c00005']) sides.is.delete(id);
    const { run } = await begin({ repair: true, yes: true });
    const stop = new AbortController();
    sides.onRepair = (id) => void (id === 'c00004' && stop.abort());
    await drive(run, stop.signal);
    sides.onRepair = () => undefined;
    await reopen();
    await drive(run);
    expect(sides.repaired).toEqual(['c00003', 'c00004', 'c00005']);
    expect(await readReport(run)).toMatchObject({ how: 'over', repaired: 3 });
  });

  it('leaves the report as it was', async () => {
    sides.fill(30).is.delete('c00003');
    const report = await reconcile({ repair: true });
    await reopen();
    expect(await readReport(report.run)).toEqual(report);
  });
});

describe('a budget', () => {
  it('of repairs: it stops, and a yes goes on with another', async () => {
    sides.fill(100);
    for (const id of ['c00003', 'c00004', 'c00005']) sides.is.delete(id);
    const asked = await reconcile({ repair: true, budget: { maxRepairs: 2 } });
    expect(asked).toMatchObject({ how: 'asked', question: 'repairs', repaired: 2 });
    const again = await reconcile({ yes: true });
    expect(again).toMatchObject({ run: asked.run, how: 'over', repaired: 3 });
  });

  it('of requests: it stops, and a yes goes on where it was', async () => {
    sides.fill(50).is.delete('c00041');
    const asked = await reconcile({ budget: { maxCalls: 3 } });
    expect(asked).toMatchObject({ how: 'asked', question: 'calls', progress: { compared: 30, calls: 3 } });
    const again = await reconcile({ yes: true });
    expect(again).toMatchObject({ run: asked.run, how: 'over', differences: 1, progress: { compared: 50, calls: 5 } });
    expect(sides.begunAt).toEqual([undefined, '30']);
  });

  it('of differences: it asks before it repairs anything', async () => {
    sides.fill(100);
    for (let n = 10; n < 40; n += 1) sides.is.set(`c000${n}`, '0');
    const asked = await reconcile({ repair: true });
    expect(asked).toMatchObject({ how: 'asked', question: 'percent', differences: 30, repaired: 0 });
    expect(asked.why).toBe('30 of 100 records differ, more than 5 %');
    expect(sides.repaired).toEqual([]);
    expect(await reconcile({ yes: true })).toMatchObject({ run: asked.run, how: 'over', repaired: 30 });
  });

  it('never deletes many without a yes', async () => {
    sides.fill(1_000);
    for (let n = 100; n < 111; n += 1) sides.should.delete(`c00${n}`);
    const asked = await reconcile({ repair: true });
    expect(asked).toMatchObject({ how: 'asked', question: 'deletions', repaired: 0 });
    expect(sides.is.size).toBe(1_000);
    expect(await reconcile({ yes: true })).toMatchObject({ run: asked.run, repaired: 11 });
    expect(sides.is.size).toBe(989);
  });

  it('asks where all of a few would go', async () => {
    sides.fill(3).should.clear();
    expect(await reconcile({ repair: true })).toMatchObject({ how: 'asked', question: 'deletions' });
    expect(await reconcile({ repair: true, record: 'acme/crm/contact/c00001' })).toMatchObject({ how: 'over' });
  });

  it('a yes of the next day is about what is then', async () => {
    sides.fill(3).should.clear();
    const asked = await reconcile({ repair: true });
    nowMs += 86_400_000;
    expect((await reconcile({ repair: true, yes: true })).run).not.toBe(asked.run);
  });
});

describe('of one pair', () => {
  it('one run is open at a time', async () => {
    const first = await begin({ repair: true });
    expect((await begin({ repair: true })).run).toBe(first.run);
    await expect(begin()).rejects.toThrow('A reconciliation of table runs already');
    await expect(begin({ repair: true, entities: ['deal'] })).rejects.toThrow('runs already');
    expect((await begin({ pair: 'other' })).run).not.toBe(first.run);
    await drive(first.run);
    expect((await begin()).run).not.toBe(first.run);
  });

  it('can be cancelled, while it works', async () => {
    sides.fill(50).is.delete('c00041');
    const { run } = await begin({ repair: true });
    sides.onStep = async (at) => void (at === 20 && (await runs.cancel('table')));
    await drive(run);
    expect(await readReport(run)).toMatchObject({ how: 'cancelled', progress: { compared: 20 } });
    expect(ended).toMatchObject([{ run, ended: { how: 'cancelled' } }]);
    expect(await runs.cancel('table')).toBeUndefined();
  });

  it('tells what it waits for, as long as it does', async () => {
    sides.fill(30).waits = { untilMs: Date.UTC(2026, 0, 31), why: 'somebody must come' };
    const seen: unknown[] = [];
    const { run } = await begin();
    sides.onStep = async (at) => {
      if (at === 20) sides.waits = undefined;
      seen.push((await readReport(run)).progress.waits);
    };
    await drive(run);
    const waits = { until: '2026-01-31T00:00:00.000Z', why: 'somebody must come' };
    expect([...seen, (await readReport(run)).progress.waits]).toEqual([undefined, waits, waits, undefined]);
  });

  it('one that is cancelled among repairs has counted them', async () => {
    sides.fill(50);
    for (const id of ['c00003', 'c00004', 'c00005']) sides.is.delete(id);
    const { run } = await begin({ repair: true, yes: true });
    sides.onRepair = async (id) => void (id === 'c00004' && (await runs.cancel('table')));
    await drive(run);
    const report = await readReport(run);
    expect(report).toMatchObject({ how: 'cancelled', repaired: sides.repaired.length, labels: [{ repaired: 3 }] });
    expect(report).not.toHaveProperty('uncounted');
    expect(ended).toMatchObject([{ run, repaired: 3, ended: { how: 'cancelled' } }]);
  });

  it('one that is cancelled when nobody drives it says how many more may be sent', async () => {
    sides.fill(50);
    for (const id of ['c00003', 'c00004', 'c00005']) sides.is.delete(id);
    const { run } = await begin({ repair: true, yes: true });
    const stop = new AbortController();
    sides.onRepair = (id) => void (id === 'c00003' && stop.abort());
    await drive(run, stop.signal);
    await reopen();
    await runs.cancel('table');
    expect(sides.repaired).toEqual(['c00003']);
    expect(await readReport(run)).toMatchObject({ how: 'cancelled', repaired: 1, uncounted: 2 });
  });

  it('a question counts no more when another run begins', async () => {
    sides.fill(100);
    for (let n = 10; n < 40; n += 1) sides.is.set(`c000${n}`, '0');
    const asked = await reconcile({ repair: true });
    const newer = await begin({ repair: true, entities: ['deal'] });
    const report = await readReport(asked.run);
    const why = `${asked.why}; run ${newer.run} has begun since, and what that one finds counts`;
    expect(report).toMatchObject({ how: 'superseded', why, differences: 30 });
    expect(report).not.toHaveProperty('question');
    const answer = begin({ repair: true, yes: true, answers: asked.run });
    await expect(answer).rejects.toThrow(`The question of run ${asked.run} counts no more: run ${newer.run}`);
    expect(sides.repaired).toEqual([]);
  });

  it('a yes may name the run that it answers', async () => {
    sides.fill(3).should.clear();
    const { run } = await reconcile({ repair: true });
    expect(await reconcile({ repair: true, yes: true, answers: run })).toMatchObject({ run, how: 'over', repaired: 3 });
  });

  it('only so many runs are kept', async () => {
    for (let n = 0; n < 55; n += 1) await reconcile();
    expect(await rows.list({ leg: 'plugin', name: 'table' }, 100)).toHaveLength(50);
  });
});

describe('a failure', () => {
  it('is tried again, from the last step', async () => {
    sides.fill(50);
    let left = 2;
    sides.onStep = (at) => {
      if (at === 20 && left-- > 0) throw new RetryLater(1, 'away');
    };
    expect(await reconcile()).toMatchObject({ how: 'over', progress: { compared: 50 } });
    expect(sides.begunAt).toEqual([undefined, '20', '20']);
  });

  it('among repairs: those before it are counted', async () => {
    sides.fill(50);
    for (const id of ['c00003', 'c00004', 'c00005']) sides.is.delete(id);
    sides.onRepair = (id) => {
      if (id === 'c00005') throw new MeshError('MESH_CONFIG_INVALID', 'no such thing');
    };
    expect(await reconcile({ repair: true, yes: true })).toMatchObject({ how: 'failed', repaired: 2 });
    expect(sides.repaired).toEqual(['c00003', 'c00004']);
  });

  it('that stays ends the run', async () => {
    sides.fill(50);
    sides.onStep = () => {
      throw new RetryLater(1, 'away');
    };
    expect(await reconcile()).toMatchObject({ how: 'failed', why: 'away' });
    expect(sides.begunAt).toHaveLength(6);
  });
});

it('refuses what names nothing', async () => {
  await expect(begin({ pair: 'acme/gone' })).rejects.toThrow('There is no connection acme/gone.');
  await expect(begin({ record: 'contact/7' })).rejects.toThrow('"contact/7" names no record.');
});
