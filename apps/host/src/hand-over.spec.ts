import { readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  isSettled,
  linesOf,
  named,
  path,
  readDeadLetters,
  readSaid,
  start,
  statusOf,
  tell,
  textOf,
  until,
  useHost,
  write,
} from './isolated-plugins.fixture.js';

useHost();

/** By then whatever is loaded once has been loaded. */
const WARM = 10;
const RECORDS = 20;
/** Fifty versions that stayed would be more, at 5 MB or so for each. */
const MOST_GROWTH_MB = 60;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Of this process: resident memory after a collection, and its threads. */
function measure(): { rssMb: number; threads: number } {
  collectGarbage();
  const threads = process.platform === 'linux' ? readdirSync('/proc/self/task').length : 0;
  return { rssMb: process.memoryUsage.rss() / 2 ** 20, threads };
}

it.each([
  ['worker', 50],
  ['inline', WARM],
])(
  'a plugin (%s) is replaced %i times under load: all runs once, in order, and nothing stays behind',
  { timeout: 280_000 },
  async (isolation, replacements) => {
    const name = named('swift');
    const versionOf = (n: number) => ({
      label: `v${n}`,
      more: `delivery: { isolation: '${isolation}' }, setup() {}, teardown() {},`,
      body: `await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));`,
    });
    write(name, versionOf(0));
    await start();
    let told = 0;
    let isOver = false;
    const load = (async () => {
      while (!isOver) {
        await tell(`r${told++ % RECORDS}`);
        await new Promise((resolve) => setTimeout(resolve, 15));
      }
    })();
    let warm = measure();
    for (let n = 1; n <= replacements; n++) {
      const before = readSaid().length;
      write(name, versionOf(n));
      await until(() => expect(linesOf('plugin', { plugin: name, state: 'replaced' })).toHaveLength(n));
      await until(() => expect(readSaid().length).toBeGreaterThan(before));
      if (n === WARM) warm = measure();
    }
    isOver = true;
    await load;
    await until(async () => expect(await isSettled(name)).toBe(true));
    const end = measure();

    const said = readSaid();
    const runs = said.map(({ id, version }) => `${id}@${version}`);
    expect(runs.length).toBe(told);
    expect(new Set(runs).size).toBe(told);
    for (let r = 0; r < RECORDS; r++) {
      const versions = said.filter(({ id }) => id === `r${r}`).map(({ version }) => version);
      expect(versions).toEqual(versions.map((_, index) => index + 1));
    }
    const labels = said.map(({ label }) => Number(label.slice(1)));
    expect(labels).toEqual(labels.toSorted((a, b) => a - b));
    expect(await readDeadLetters(name)).toEqual([]);
    expect(end.threads).toBeLessThanOrEqual(warm.threads + 1);
    expect(end.rssMb - warm.rssMb).toBeLessThan(MOST_GROWTH_MB);
  },
);

it('a version that cannot be loaded, or does not pass, leaves the former running and says why', async () => {
  const name = named('careful');
  write(name, { label: 'good' });
  await start();
  let told = 0;
  const expectFormerToRun = async (): Promise<void> => {
    await tell(`r${++told}`);
    await until(() => expect(readSaid('good')).toHaveLength(told));
    expect(statusOf(name)).toMatchObject({ state: 'running', version });
  };
  const version = statusOf(name)?.version;
  for (const [text, reason] of [
    ['export default {', /plugin\.ts:1:/],
    [textOf(name, { top: `throw new Error('not today');` }), /throws while it is loaded: Error: not today/],
    [textOf(name, { top: `process.exit(7);` }), /process\.exit\(7\)/],
    [textOf('another'), /name: is "another", but the file is/],
    [textOf(name, { more: 'delivery: { concurrency: 0 },' }), /delivery\.concurrency: is 0/],
    [textOf(name, { more: `setup() { throw new Error('no database'); },` }), /setup\(\) of .* failed: no database/],
  ] as const) {
    writeFileSync(path(`plugins/${name}.plugin.ts`), text);
    await until(() => expect(statusOf(name)?.reason).toMatch(reason));
    await expectFormerToRun();
  }
  write(name, { label: 'mended' });
  await until(() => expect(statusOf(name)?.reason).toBeUndefined());
  await tell('r0');
  await until(() => expect(readSaid('mended')).toHaveLength(1));
});

it(
  'a save by rename and a symlink that points elsewhere are changes; half a file and editors’ files are none',
  { timeout: 60_000 },
  async () => {
    const [name, linked] = [named('edited'), named('linked')];
    write(name, { label: 'one' });
    writeFileSync(path('one.ts'), textOf(linked, { label: 'l-one' }));
    writeFileSync(path('two.ts'), textOf(linked, { label: 'l-two' }));
    symlinkSync(path('one.ts'), path(`plugins/${linked}.plugin.ts`));
    await start();
    await tell('1');
    await until(() =>
      expect(
        readSaid()
          .map(({ label }) => label)
          .toSorted(),
      ).toEqual(['l-one', 'one']),
    );

    // As vim, emacs and JetBrains save.
    writeFileSync(path(`plugins/.${name}.plugin.ts.swp`), 'x');
    writeFileSync(path(`plugins/#${name}.plugin.ts#`), 'x');
    writeFileSync(path(`plugins/${name}.plugin.ts___jb_tmp___`), textOf(name, { label: 'two' }));
    renameSync(path(`plugins/${name}.plugin.ts___jb_tmp___`), path(`plugins/${name}.plugin.ts`));
    await until(() => expect(linesOf('plugin', { plugin: name, state: 'replaced' })).toHaveLength(1));
    // As a deployment swaps a link.
    symlinkSync(path('two.ts'), path('link'));
    renameSync(path('link'), path(`plugins/${linked}.plugin.ts`));
    await until(() => expect(linesOf('plugin', { plugin: linked, state: 'replaced' })).toHaveLength(1));
    writeFileSync(path('two.ts'), textOf(linked, { label: 'l-three' }));
    await until(() => expect(linesOf('plugin', { plugin: linked, state: 'replaced' })).toHaveLength(2));
    await tell('2');
    await until(() =>
      expect(
        readSaid()
          .map(({ label }) => label)
          .slice(2)
          .toSorted(),
      ).toEqual(['l-three', 'two']),
    );

    // A file that comes in pieces is looked at when it rests.
    const whole = textOf(name, { label: 'three' });
    rmSync(path(`plugins/${name}.plugin.ts`));
    for (let at = 0; at <= 10; at++) {
      writeFileSync(path(`plugins/${name}.plugin.ts`), whole.slice(0, Math.ceil((whole.length * at) / 10)));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await until(() => expect(linesOf('plugin', { plugin: name, state: 'replaced' })).toHaveLength(2));
    await tell('3');
    await until(() => expect(readSaid('three')).toHaveLength(1));
    expect(linesOf('plugin', { plugin: name, state: 'refused' })).toEqual([]);
  },
);
