import { appendFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeTempDir } from '@crm-mesh/testing';
import { watchDropIns, type DropInWatch } from './watch-drop-ins.js';

const temp = makeTempDir('watch');
afterAll(() => temp.remove());

let folder: string;
let tests = 0;
let watch: DropInWatch | undefined;
let events: string[];
let errors: unknown[];

beforeEach(() => {
  folder = join(temp.path, String(++tests));
  mkdirSync(folder);
  events = [];
  errors = [];
});
afterEach(async () => {
  await watch?.close();
});

async function begin(folders = [folder], onEvent: (event: string) => void = () => {}): Promise<DropInWatch> {
  watch = await watchDropIns({
    folders,
    settleMs: 40,
    onEvent: ({ kind, dropIn }) => {
      events.push(`${kind} ${dropIn.name}`);
      onEvent(`${kind} ${dropIn.name}`);
    },
    onError: (error) => errors.push(error),
  });
  return watch;
}

function write(name: string, text = 'export {};'): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

async function expectEvents(...expected: string[]): Promise<void> {
  await expect.poll(() => events, { timeout: 5_000 }).toEqual(expected);
}

describe('watchDropIns', () => {
  it('knows what was there, and tells what comes, changes and goes', async () => {
    write('old.plugin.ts');
    const { initial } = await begin();
    expect(initial.map(({ name }) => name)).toEqual(['old']);
    write('new.plugin.ts');
    await expectEvents('added new');
    write('new.plugin.ts', 'export const x = 1;');
    await expectEvents('added new', 'changed new');
    rmSync(join(folder, 'new.plugin.ts'));
    await expectEvents('added new', 'changed new', 'removed new');
  });

  it('tells of a folder with a plugin', async () => {
    await begin();
    mkdirSync(join(folder, 'team'));
    write('team/package.json', '{}');
    await expectEvents('added team');
    rmSync(join(folder, 'team'), { recursive: true });
    await expectEvents('added team', 'removed team');
  });

  it('tells a change of what a plugin imports, in and outside the folders', async () => {
    const inside = write('shared.ts');
    const outside = join(temp.path, 'outside.ts');
    writeFileSync(outside, 'export {};');
    write('a.plugin.ts');
    const { initial, track } = await begin();
    track.call(watch, { dropIn: initial[0]!, inputs: [initial[0]!.file, inside, outside], ok: true });
    writeFileSync(inside, 'export const y = 2;');
    await expectEvents('changed a');
    // The watcher takes a moment to look at a file that was added to it.
    await expect
      .poll(
        () => {
          appendFileSync(outside, '\n');
          return events.length;
        },
        { timeout: 5_000, interval: 200 },
      )
      .toBeGreaterThan(1);
  });

  it('waits until a file is wholly written', async () => {
    await begin();
    const file = write('slow.plugin.ts', 'export');
    for (let part = 0; part < 10; part++) {
      appendFileSync(file, ' '.repeat(part + 1));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await expectEvents('added slow');
  });

  it("takes a save by rename for a change, and no notice of editors' files", async () => {
    write('a.plugin.ts');
    await begin();
    write('.a.plugin.ts.swp');
    write('a.plugin.ts~');
    write('.b.plugin.ts');
    write('a.plugin.ts.tmp', 'export const z = 3;');
    renameSync(join(folder, 'a.plugin.ts.tmp'), join(folder, 'a.plugin.ts'));
    await expectEvents('changed a');
  });

  it('sees a folder that is made later', async () => {
    const later = join(folder, 'later');
    await begin([later]);
    mkdirSync(later);
    writeFileSync(join(later, 'x.plugin.ts'), 'export {};');
    await expectEvents('added x');
    rmSync(later, { recursive: true });
    await expectEvents('added x', 'removed x');
    await new Promise((resolve) => setTimeout(resolve, 1_100)); // the time that a missing folder takes to be missed
    mkdirSync(later);
    writeFileSync(join(later, 'y.plugin.ts'), 'export {};');
    await expectEvents('added x', 'removed x', 'added y');
    writeFileSync(join(later, 'y.plugin.ts'), 'export const y = 1;');
    await expectEvents('added x', 'removed x', 'added y', 'changed y');
  });

  it('looks at a broken one again when anything changes', async () => {
    write('a.plugin.ts');
    const { initial } = await begin();
    watch?.track({ dropIn: initial[0]!, inputs: [], ok: false });
    write('missing.ts');
    await expectEvents('changed a');
  });

  it('survives what the listener throws', async () => {
    await begin([folder], () => {
      throw new Error('the listener is broken');
    });
    write('a.plugin.ts');
    await expectEvents('added a');
    write('b.plugin.ts');
    await expectEvents('added a', 'added b');
    expect(errors).toHaveLength(2);
  });
});
