import { describe, expect, it } from 'vitest';
import request from 'supertest';
import {
  isSettled,
  linesOf,
  named,
  readDeadLetters,
  readSaid,
  start,
  statusOf,
  tell,
  until,
  useHost,
  write,
} from './isolated-plugins.fixture.js';

useHost();

/** A neighbour that waited for a blocked worker's end would wait longer, and on a busy machine none that does not. */
const LONGEST_WAIT_MS = 5_000;

describe('a plugin that harms its thread harms nobody else', () => {
  it.each([
    ['an endless loop', `for (;;);`, 'blocked', /has not answered for \d+ s/],
    ['process.exit', `process.exit(3);`, 'exit', /process\.exit\(3\)/],
    [
      'a throw in a timer',
      `setTimeout(() => { throw new TypeError('oops'); }, 5); await new Promise(() => {});`,
      'exception',
      /TypeError: oops/,
    ],
    ['a heap bomb', `const all: unknown[] = []; for (;;) all.push(new Array(10_000).fill({}));`, 'heap', /64 MB/],
    [
      'a handler that never ends',
      `await new Promise(() => {});`,
      'overdue',
      /after its time was up and its signal had been aborted/,
    ],
  ])('%s', { timeout: 90_000 }, async (_, harm, reason, told) => {
    const [victim, neighbour] = [named('victim'), named('neighbour')];
    write(victim, {
      more: `delivery: { timeoutMs: 500, heapMb: 64, backoff: { initialMs: 50 } },`,
      body: `if (id === 'bad' && isFirst('harm')) { ${harm} }`,
    });
    write(neighbour);
    const { url } = await start();
    const toldAt = new Map<string, number>();
    const tellNext = async (): Promise<void> => {
      const id = `r${toldAt.size}`;
      toldAt.set(id, await tell(id));
    };
    for (let n = 0; n < 20; n++) await tellNext();
    await tell('bad');
    while (!readSaid(victim).some(({ id }) => id === 'bad')) {
      await tellNext();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await until(() => expect(readSaid(victim).length).toBeGreaterThanOrEqual(toldAt.size + 1));

    const ids = [...toldAt.keys(), 'bad'].toSorted();
    for (const name of [victim, neighbour]) {
      expect([...new Set(readSaid(name).map(({ id }) => id))].toSorted()).toEqual(ids);
      expect(await readDeadLetters(name)).toEqual([]);
    }
    expect(readSaid(neighbour)).toHaveLength(ids.length);
    const waits = readSaid(neighbour).map(({ id, ms }) => ms - (toldAt.get(id) ?? ms));
    expect(Math.max(...waits)).toBeLessThan(LONGEST_WAIT_MS);
    const [line] = linesOf('the plugin is started again', { plugin: victim });
    expect(line).toMatchObject({ level: 'error', reason: expect.stringMatching(told), restartInMs: 250 });
    expect((await request(url).get('/metrics')).text).toMatch(
      new RegExp(`mesh_plugin_worker_deaths_total\\{plugin="${victim}",reason="${reason}",app="host"\\} 1`),
    );
    expect(statusOf(victim)).toMatchObject({ state: 'running' });
    expect(statusOf(victim)).not.toHaveProperty('reason');
  });
});

describe('an event that always ends its worker', () => {
  it('is buried, and none of a hundred that were in hand with it', { timeout: 90_000 }, async () => {
    const name = named('killed');
    write(name, { body: `if (id === 'killer') process.exit(1);` });
    await start();
    for (let n = 0; n < 100; n++) {
      if (n === 37) await tell('killer');
      await tell(`innocent${n}`);
    }
    await until(() =>
      expect(statusOf(name)).toMatchObject({ state: 'restarting', reason: expect.stringContaining('process.exit(1)') }),
    );
    await until(async () => expect(await isSettled(name)).toBe(true));
    const letters = await readDeadLetters(name);
    expect(
      letters.map(({ original, error, attemptCount }) => [
        original.subject.split('.').at(-1),
        error.name,
        attemptCount,
      ]),
    ).toEqual([['killer', 'KilledItsWorker', 3]]);
    expect(new Set(readSaid().map(({ id }) => id)).size).toBe(100);
  });
});

describe('a key that ends its worker', () => {
  it(
    'is asked twice more; then its event has a lane of its own, and the others theirs',
    { timeout: 90_000 },
    async () => {
      const name = named('keyed');
      write(name, {
        more: `key: (event) => { if (event.data.id === 'bad') process.exit(1); return 'one'; },`,
        body: `await new Promise((resolve) => setTimeout(resolve, Math.random() * 10));`,
      });
      await start();
      for (const id of ['1', '2', 'bad', '3', '4', '5', '6', '7', '8']) await tell(id);
      await until(async () => expect(await isSettled(name)).toBe(true));
      expect(await readDeadLetters(name)).toEqual([]);
      const said = readSaid().map(({ id }) => id);
      expect(said.filter((id) => id !== 'bad')).toEqual(['1', '2', '3', '4', '5', '6', '7', '8']);
      expect(said).toContain('bad');
    },
  );
});

describe('a plugin that harms its thread while it is loaded or set up', () => {
  it.each([
    [
      'ends it while it is loaded',
      { top: `process.exit(4);` },
      /could not be loaded: its worker ended: process\.exit\(4\)/,
    ],
    [
      'ends it in setup',
      { more: `setup() { process.exit(5); },` },
      /setup\(\) of .* failed: its worker ended: process\.exit\(5\)/,
    ],
  ])('%s: it is refused, and says why', async (_, text, told) => {
    const [name, neighbour] = [named('early'), named('neighbour')];
    write(name, text);
    write(neighbour);
    await start();
    expect(statusOf(name)).toMatchObject({ state: 'refused', reason: expect.stringMatching(told) });
    await tell('1');
    await until(() => expect(readSaid(neighbour)).toHaveLength(1));
  });
});

describe('isolation', () => {
  it.each([
    ['worker by default', '', false],
    ['inline on wish', `delivery: { isolation: 'inline' },`, true],
  ])('is %s', async (_, more, isInline) => {
    const name = named('where');
    write(name, {
      more,
      body: `const { isMainThread, threadId } = await import('node:worker_threads'); log.info({ isMainThread, threadId }, 'here');`,
    });
    await start();
    await tell('1');
    await until(() => expect(linesOf('here')).toHaveLength(1));
    const { threadId } = await import('node:worker_threads');
    expect(linesOf('here')[0]?.['threadId'] === threadId).toBe(isInline);
    expect(linesOf('here')[0]).toMatchObject({ plugin: name, record: expect.stringMatching(/deal\/1$/) });
  });
});
