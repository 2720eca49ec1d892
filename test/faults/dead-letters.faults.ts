import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { nanos } from '@nats-io/transport-node';
import { describe, expect, it } from 'vitest';
import { connectNats, requestControl, type Nats } from '@crm-mesh/jetstream';
import { startFaultMesh, type FaultMesh } from './mesh/fault-mesh.js';
import { PLUGIN } from './mesh/fault-plugin.js';
import { countOpen, until } from './mesh/operator.js';
import { FAILPOINTS } from './plant/index.js';
import { sample } from './settings.js';

/** The server forgets message ids so soon, and the host comes back later: what keeps letters apart is not the server. */
const WINDOW_MS = 100;
const AWAY_MS = 300;
const ANSWER_TIMEOUT_MS = 20_000;

const BURYING = sample(
  Object.keys(FAILPOINTS).filter((name) => name.startsWith('bury.')),
  1,
  'points of a burial',
);
const OF_OPERATORS = Object.keys(FAILPOINTS).filter((name) => FAILPOINTS[name]!.needs === 'operator');
const REDRIVING = sample(OF_OPERATORS, 1, 'points of a redrive');
const DROPPING = sample(
  OF_OPERATORS.filter((name) => name.startsWith('close.')),
  1,
  'points of a drop',
);

interface Scene {
  mesh: FaultMesh;
  nats: Nats;
}

async function withMesh(work: (scene: Scene) => Promise<void>): Promise<void> {
  const mesh = await startFaultMesh();
  const nats = await connectNats({ name: 'operator', url: mesh.server.url });
  try {
    for (const stream of ['CRM_DEAD', 'CRM_DIRECT', 'CRM_AUDIT'])
      await mesh.jsm.streams.update(stream, { duplicate_window: nanos(WINDOW_MS) });
    await mesh.publisher.start();
    await work({ mesh, nats });
  } finally {
    await nats.close();
    await mesh.stop();
  }
}

/** Sequences of what a stream holds of one record. */
async function listSequences(nats: Nats, stream: string, filterSubject: string): Promise<number[]> {
  const found: number[] = [];
  for await (const { sequence } of nats.readStream(stream, { fromSequence: 1, filterSubject })) found.push(sequence);
  return found;
}

const listLetters = (nats: Nats, id: string) =>
  listSequences(nats, 'CRM_DEAD', `dead.${PLUGIN}.acme.billing.company.*.${id}`);

async function sendRefused({ mesh }: Scene, id: string): Promise<void> {
  await mesh.sender.send([mesh.sender.edit('acme/billing', id, 'refuse')]);
}

/** One life for each point; the next one goes on where it ended, and is looked at by `after`. */
async function killAtEach(
  scene: Scene,
  names: readonly string[],
  { before, work, after }: Record<'before' | 'work' | 'after', (name: string) => Promise<unknown>>,
): Promise<void> {
  const { mesh } = scene;
  let former: string | undefined;
  for (const name of names) {
    const armedBy = join(mesh.folder, `armed-${name}`);
    await mesh.host.start({ ...mesh.plant([{ name, action: 'kill', hit: 1 }]), armedBy });
    if (former !== undefined) await after(former);
    await before(name);
    writeFileSync(armedBy, '');
    // It gets no answer.
    void work(name).catch(() => undefined);
    await until(`${name} is reached`, () => mesh.host.log.includes(`failpoint ${name}: kill`));
    await mesh.host.kill();
    await delay(AWAY_MS);
    former = name;
  }
  await mesh.host.start();
  if (former !== undefined) await after(former);
}

/** Of the record that stands for a point. */
const idOf = (name: string): string => name.replace('.', '-');

async function untilSettled({ mesh }: Scene, streams: readonly string[]): Promise<void> {
  await until('all is settled', async () => {
    const counts = await Promise.all(streams.map((stream) => countOpen(mesh, stream, PLUGIN)));
    return counts.every(({ behind, held }) => behind + held === 0);
  });
}

/** A dead letter for each point, the host killed there while it redrives or drops it, and the same asked for again. */
async function killAtEachStep(
  scene: Scene,
  verb: 'redrive' | 'drop',
  { names, check }: { names: readonly string[]; check(id: string, letter: number): Promise<void> },
): Promise<void> {
  const letters = new Map<string, number>();
  const ask = (name: string): Promise<unknown> => {
    const request = { consumer: PLUGIN, sequences: [letters.get(name)!], by: 'a fault' };
    return requestControl(scene.nats, 'host', verb, request, { timeoutMs: ANSWER_TIMEOUT_MS });
  };
  await killAtEach(scene, names, {
    before: async (name) => {
      await sendRefused(scene, idOf(name));
      await until('it is buried', async () => (await listLetters(scene.nats, idOf(name))).length === 1);
      await untilSettled(scene, ['CRM_EVENTS']);
      letters.set(name, (await listLetters(scene.nats, idOf(name)))[0]!);
    },
    work: ask,
    after: async (name) => {
      await ask(name);
      await check(idOf(name), letters.get(name)!);
    },
  });
  const audit = await listSequences(scene.nats, 'CRM_AUDIT', `audit.${verb}.${PLUGIN}.>`);
  expect(audit.length).toBeGreaterThanOrEqual(names.length);
}

describe('kill -9 of the host', () => {
  it('at every step of a burial leaves one dead letter', async () => {
    await withMesh((scene) =>
      killAtEach(scene, BURYING, {
        before: () => untilSettled(scene, ['CRM_EVENTS']),
        work: (name) => sendRefused(scene, idOf(name)),
        after: async (name) => {
          await untilSettled(scene, ['CRM_EVENTS']);
          expect(await listLetters(scene.nats, idOf(name)), name).toHaveLength(1);
        },
      }),
    );
  });

  it('at every step of a redrive sends one copy, and loses no letter', async () => {
    await withMesh((scene) =>
      killAtEachStep(scene, 'redrive', {
        names: REDRIVING,
        check: async (id, letter) => {
          await untilSettled(scene, ['CRM_EVENTS', 'CRM_DIRECT']);
          const copies = await listSequences(scene.nats, 'CRM_DIRECT', `direct.${PLUGIN}.acme.billing.company.*.${id}`);
          expect(copies, `${id}: copies`).toHaveLength(1);
          // It was refused once more.
          const [again, ...more] = await listLetters(scene.nats, id);
          expect(again, `${id}: letter`).toBeGreaterThan(letter);
          expect(more, `${id}: further letters`).toEqual([]);
        },
      }),
    );
  });

  it('at every step of a drop leaves a trace in the audit, and then no letter', async () => {
    await withMesh((scene) =>
      killAtEachStep(scene, 'drop', {
        names: DROPPING,
        check: async (id) => expect(await listLetters(scene.nats, id), id).toEqual([]),
      }),
    );
  });
});
