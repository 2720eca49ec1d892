import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { reconcileSubject } from '@crm-mesh/contract';
import { serveSubject } from '@crm-mesh/jetstream';
import { ROOT } from '../house/repository.js';
import { startTestMesh, type TestMesh } from './test-mesh.js';

// `mesh reconcile` as people type it, against contact-table and what somebody has done to its rows.

const PLUGIN = 'contact-table';
const MESH = join(ROOT, 'apps/cli/bin/mesh.js');
const CONTACTS = 60;
/** Ids are the CRM's own; this one is to do no harm in a page. */
const ODD = '<b>&"7';

interface Report {
  run: string;
  how: string;
  question?: string;
  differences: number;
  repaired: number;
  progress: { compared: number; rows: number };
  labels: { label: string; count: number; repaired: number; examples: string[] }[];
}

let mesh: TestMesh;

beforeAll(async () => {
  mesh = await startTestMesh({
    describe: (plain, folder) => ({
      ...plain,
      plugins: { [PLUGIN]: { url: `sqlite:${join(folder, 'contacts.db')}` } },
    }),
    prepare: (folder) => {
      const shipped = JSON.stringify(join(ROOT, `plugins/${PLUGIN}.plugin.ts`));
      writeFileSync(join(folder, 'plugins', `${PLUGIN}.plugin.ts`), `export { default } from ${shipped};`);
    },
  });
  await untilConsuming();
  const ids = [ODD, ...Array.from({ length: CONTACTS - 1 }, (_, index) => `c${100 + index}`)];
  await Promise.all(ids.map((id) => tell('created', id)));
  await untilSettled();
}, 180_000);
afterAll(() => mesh?.stop());

async function tell(action: string, id: string): Promise<void> {
  expect(await mesh.send(`contact.${action}`, { id, email: `${id.length}.${action}@example.com` })).toBe(202);
}

/** It is told nothing that was before. */
async function untilConsuming(): Promise<void> {
  const isThere = async () => expect(await mesh.nats.durableState('CRM_EVENTS', PLUGIN)).toBeDefined();
  await vi.waitFor(isThere, { timeout: 60_000 });
}

const openTable = (): Database.Database => new Database(join(mesh.folder, 'contacts.db'));

function edit(sql: string): number {
  const table = openTable();
  const { changes } = table.prepare(sql).run();
  table.close();
  return changes;
}

async function countRows(where = '1 = 1'): Promise<number> {
  const table = openTable();
  try {
    return (table.prepare(`SELECT count(*) AS rows FROM crm_contacts WHERE ${where}`).get() as { rows: number }).rows;
  } finally {
    table.close();
  }
}

async function untilSettled(): Promise<void> {
  await mesh.settled(PLUGIN);
  await vi.waitFor(
    async () =>
      expect((await mesh.nats.durableState('CRM_DIRECT', PLUGIN)) ?? { pending: 0, ackPending: 0 }).toMatchObject({
        ...{ pending: 0, ackPending: 0 },
      }),
    { timeout: 60_000, interval: 50 },
  );
}

async function run(...args: string[]) {
  const env = { NO_COLOR: '1', NATS_URL: mesh.server.url };
  return execa(process.execPath, [MESH, 'reconcile', ...args], { cwd: mesh.folder, env, reject: false });
}

async function runJson(...args: string[]): Promise<{ exitCode: number | undefined; report: Report }> {
  const { exitCode, stdout } = await run(...args, '--json');
  return { exitCode, report: JSON.parse(stdout) as Report };
}

const countsOf = ({ labels }: Report) => Object.fromEntries(labels.map(({ label, count }) => [label, count]));

it('says what differs and why: as a table, as JSON and as a page', { timeout: 120_000 }, async () => {
  expect((await runJson(PLUGIN)).exitCode).toBe(0);
  expect(edit("UPDATE crm_contacts SET email = 'edited@example.com' WHERE id = 'c101'")).toBe(1);
  expect(edit(`DELETE FROM crm_contacts WHERE id IN ('c102', '${ODD}')`)).toBe(2);

  const { exitCode, report } = await runJson(PLUGIN, '--html', 'page.html');
  expect(exitCode).toBe(1);
  expect(report).toMatchObject({
    ...{ pair: { leg: 'plugin', name: PLUGIN }, how: 'over', differences: 3, repaired: 0 },
    ...{ progress: { compared: CONTACTS, total: CONTACTS }, entities: [{ unit: 'acme/shop/contact', differences: 3 }] },
  });
  expect(countsOf(report)).toEqual({ 'edited-downstream': 1, 'deleted-downstream': 2 });
  const deleted = report.labels.find(({ label }) => label === 'deleted-downstream');
  expect(deleted?.examples.toSorted()).toEqual([`acme/shop/contact/${ODD}`, 'acme/shop/contact/c102']);

  const page = readFileSync(join(mesh.folder, 'page.html'), 'utf8');
  expect(page).toContain('acme/shop/contact/&lt;b&gt;&amp;&quot;7');
  expect(page).not.toContain(ODD);
  expect(page).not.toMatch(/<script|\b(?:src|href)=|url\(|@import/);

  const { exitCode: same, stdout } = await run(PLUGIN);
  expect(same).toBe(1);
  expect(stdout).toContain(`mesh ⇄ ${PLUGIN}  ${CONTACTS} compared, 3 differ`);
  expect(stdout).toMatch(/deleted-downstream +2 += +\S*acme\/shop\/contact/);
});

it('keeps to a record and to a range', { timeout: 120_000 }, async () => {
  const { report: one } = await runJson(PLUGIN, '--record', 'acme/shop/contact/c101');
  expect([one.progress.compared, countsOf(one)]).toEqual([1, { 'edited-downstream': 1 }]);
  const { report: odd } = await runJson(PLUGIN, '--record', `acme/shop/contact/${ODD}`);
  expect([odd.progress.compared, countsOf(odd)]).toEqual([1, { 'deleted-downstream': 1 }]);
  const { report: some, exitCode } = await runJson(PLUGIN, '--from', 'c103', '--to', 'c112');
  expect([exitCode, some.progress.compared, some.differences]).toEqual([0, 10, 0]);
});

it('repairs, and finds nothing afterwards', { timeout: 120_000 }, async () => {
  const { exitCode, report } = await runJson(PLUGIN, '--repair');
  expect([exitCode, report.how, report.repaired]).toEqual([1, 'over', 3]);
  await untilSettled();
  expect((await run(PLUGIN)).stdout).toContain(`✓ mesh ⇄ ${PLUGIN}  ${CONTACTS} compared, all agree`);
  expect((await runJson(PLUGIN)).exitCode).toBe(0);
  expect(await countRows("email = 'edited@example.com'")).toBe(0);

  const list = await run('list', PLUGIN, '--json');
  const runs = JSON.parse(list.stdout) as Report[];
  expect([list.exitCode, runs[0]?.differences]).toEqual([0, 0]);
  expect(runs.map(({ run: id }) => id)).toContain(report.run);
  expect((await run('list')).stdout).toMatch(new RegExp(`${report.run} +${PLUGIN} `));
  const again = await runJson('report', report.run);
  expect([again.exitCode, again.report.repaired, countsOf(again.report)]).toEqual([1, 3, countsOf(report)]);
});

it('asks before it deletes many, and goes on with --yes', { timeout: 120_000 }, async () => {
  const gone = Array.from({ length: 12 }, (_, index) => `c${130 + index}`);
  await Promise.all(gone.map((id) => tell('deleted', id)));
  await untilSettled();
  await vi.waitFor(async () => expect(await countRows("state = 'deleted'")).toBe(12), { timeout: 30_000 });
  expect(edit("UPDATE crm_contacts SET state = 'active' WHERE state = 'deleted'")).toBe(12);

  const { exitCode, report } = await runJson(PLUGIN, '--repair');
  expect([exitCode, report.how, report.question, report.repaired]).toEqual([4, 'asked', 'deletions', 0]);
  expect((await run('report', report.run)).stdout).toContain('→ say --yes to go on');
  const answered = await runJson(PLUGIN, '--repair', '--yes');
  expect(answered).toMatchObject({ exitCode: 1, report: { run: report.run, how: 'over', repaired: 12 } });
  await untilSettled();
  expect((await runJson(PLUGIN)).exitCode).toBe(0);
  expect(await countRows("state = 'deleted'")).toBe(12);
});

it('two commands follow one run', { timeout: 120_000 }, async () => {
  // A consumer that takes its time, as one in another language would answer.
  const name = 'slow-consumer';
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  const facts = { name: 'slow', version: '1.0.0', description: 'slow', metadata: {} };
  const service = await serveSubject(mesh.nats, reconcileSubject(name), facts, async () => {
    await released;
    return { entities: [], marks: 'version', events: [], digests: false };
  });
  const followers = [runJson(name), runJson(name)];
  await vi.waitFor(
    async () => {
      const { stdout } = await run('list', name, '--json');
      expect(JSON.parse(stdout)).toMatchObject([{ how: 'running' }]);
    },
    { timeout: 30_000 },
  );
  const [late] = (JSON.parse((await run(name, '--no-follow', '--json')).stdout) as Report[]).slice(0, 1);
  release();
  const [one, other] = await Promise.all(followers);
  expect(one).toMatchObject({ exitCode: 0, report: { run: late?.run } });
  expect(other).toMatchObject({ exitCode: 0, report: { run: late?.run } });
  await service.stop();
});
