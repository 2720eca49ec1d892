import type { ToldReceipt } from '@crm-mesh/control';
import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openStore } from '@crm-mesh/store';
import {
  askHost,
  isSettled,
  linesOf,
  named,
  path,
  readDeadLetters,
  start,
  tell,
  until,
  useHost,
} from './isolated-plugins.fixture.js';

useHost();

const sinkUrl = () => `sqlite:${path('sink.db')}`;

/** A plugin that counts its effects in its sink; `inside` runs in the transaction behind the effect, `after` behind the commit. */
function write(name: string, part: { isolation: string; more?: string; inside?: string; after?: string }): void {
  const { isolation, more = '', inside = '', after = '' } = part;
  const text = `
    import { openSync } from 'node:fs';
    import { definePlugin } from '@crm-mesh/sdk';
    const isFirst = (what: string) => { try { openSync(${JSON.stringify(path(''))} + what, 'wx'); return true; } catch { return false; } };
    void isFirst;
    export default definePlugin({ name: '${name}', events: ['deal.*'], sink: () => '${sinkUrl()}',
      delivery: { isolation: '${isolation}', timeoutMs: 400, backoff: { initialMs: 50, maxMs: 50 }, ${more} },
      async setup({ transaction }) {
        await transaction((tx) => tx.run('CREATE TABLE IF NOT EXISTS effects (id text)'));
      },
      async handle(event, { transaction }) {
        const id = event.data.id;
        const count = await transaction(async (tx) => {
          await tx.run('INSERT INTO effects VALUES (?)', [id]);
          ${inside}
          const [row] = await tx.all<{ n: number }>('SELECT COUNT(*) AS n FROM effects WHERE id = ?', [id]);
          return { count: row!.n };
        });
        ${after}
        return { receipt: count };
      } });
  `;
  writeFileSync(path(`plugins/${name}.plugin.ts`), text);
}

async function readEffects(): Promise<string[]> {
  const store = await openStore({ url: sinkUrl(), migrations: [] });
  try {
    return (await store.read<{ id: string }>('SELECT id FROM effects ORDER BY id')).map(({ id }) => id);
  } finally {
    await store.close();
  }
}

const readReceipts = async (consumer: string, more: object = {}) =>
  (await askHost<{ receipts: ToldReceipt[] }>('receipts', { consumer, ...more })).receipts;
const settled = (name: string) => until(async () => expect(await isSettled(name)).toBe(true));

describe.each(['worker', 'inline'])('a plugin with a sink (%s)', (isolation) => {
  it('has each effect once, over many lanes at once, with a receipt for each', async () => {
    const name = named('lanes');
    write(name, { isolation, inside: 'await new Promise((resolve) => setImmediate(resolve));' });
    await start();
    const ids = Array.from({ length: 40 }, (_, index) => `d${index + 10}`);
    for (const id of ids) await tell(id);
    await settled(name);
    expect(await readEffects()).toEqual(ids);
    const receipts = await readReceipts(name);
    expect(receipts.map(({ receipt }) => receipt)).toEqual(ids.map(() => ({ count: 1 })));
    expect(await readReceipts(name, { record: 'deal/d17' })).toMatchObject([
      { type: 'deal.updated', stream: 'CRM_EVENTS' },
    ]);
    expect(await readReceipts(name, { record: '%' })).toEqual([]);
  });

  it('that takes too long is rolled back, and cannot commit behind the back of its next attempt', async () => {
    const name = named('slow');
    write(name, {
      isolation,
      inside: `if (isFirst('slow-' + id)) {
        await new Promise((resolve) => setTimeout(resolve, 700));
        await tx.run('INSERT INTO effects VALUES (?)', ['too late']);
      }`,
    });
    await start();
    await tell('s');
    await until(() => expect(linesOf('outcome', { result: 'retried' })).toHaveLength(1));
    await settled(name);
    // The first is past its wait.
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(await readEffects()).toEqual(['s']);
  });

  it('that fails behind its commit does not repeat the effect, and gives the same receipt', async () => {
    const name = named('behind');
    write(name, { isolation, after: `if (isFirst('behind-' + id)) throw new Error('behind the commit');` });
    await start();
    await tell('b');
    await until(() => expect(linesOf('outcome', { result: 'skipped' })).toHaveLength(1));
    expect(await readEffects()).toEqual(['b']);
    expect(await readReceipts(name)).toMatchObject([{ receipt: { count: 1 } }]);
  });

  it('whose receipt is too large is told so by a dead letter', async () => {
    const name = named('large');
    write(name, { isolation, after: `return { receipt: 'x'.repeat(20_000) };` });
    await start();
    await tell('l');
    await settled(name);
    expect(await readDeadLetters(name)).toMatchObject([{ error: { code: 'MESH_RECEIPT_INVALID' }, attemptCount: 1 }]);
    expect(await readReceipts(name)).toEqual([]);
  });
});

it('an effect that was committed just before its worker died is not repeated', async () => {
  const name = named('dies');
  write(name, { isolation: 'worker', after: `if (isFirst('dies-' + id)) process.exit(1);` });
  await start();
  for (const id of ['k1', 'k2']) await tell(id);
  await until(() => expect(linesOf('outcome', { result: 'skipped' }).length).toBeGreaterThan(0));
  await settled(name);
  expect(await readEffects()).toEqual(['k1', 'k2']);
});

it('a sink that cannot be opened refuses its plugin alone', async () => {
  const name = named('away');
  write(name, { isolation: 'worker' });
  writeFileSync(
    path(`plugins/${name}.plugin.ts`),
    `import { definePlugin } from '@crm-mesh/sdk';
     export default definePlugin({ name: '${name}', events: ['deal.*'], sink: () => 'postgres://127.0.0.1:1/none', handle() {} });`,
  );
  const host = await start();
  expect(host.plugins()).toMatchObject([
    { state: 'refused', reason: expect.stringMatching(/sink of .* cannot be opened.*ECONNREFUSED/) },
  ]);
});
