import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { NEVER_MS, PATIENCE_MS, type BugScenario } from './bug-scenario.js';
import type { FaultMesh } from './mesh/fault-mesh.js';
import { PLUGIN } from './mesh/fault-plugin.js';
import { cameTrue, closeStream, countOpen, openStream, setAckWait, until, untilTold } from './mesh/operator.js';
import { countWaiting } from './mesh/store-files.js';
import type { Statement } from './mesh/statement.js';
import { WIDER_SCENARIOS } from './wider-scenarios.js';

const SOON_MS = 2_000;

const company = (id: string): string => `acme/shop/company/${id}`;
const edit = ({ sender }: FaultMesh, id: string, task?: string): Statement => sender.edit('acme/shop', id, task);

export const BUG_SCENARIOS: Record<string, BugScenario> = {
  ...WIDER_SCENARIOS,

  'answer-before-puback': {
    rule: 'nothing answered 2xx is lost',
    provoke: async (mesh, id) => {
      const { publisher, sender, plant } = mesh;
      const wire = mesh.proxies!.publisher;
      wire.stall();
      await sender.send([edit(mesh, id)]);
      await publisher.kill();
      wire.cut();
      wire.release();
      await publisher.start(plant());
    },
  },

  'ack-before-handler': {
    rule: 'every event has its effect',
    provoke: async (mesh, id) => {
      await mesh.sender.send([edit(mesh, id, 'hang 1')]);
      await mesh.reached('begin', company(id));
      await cameTrue(async () => (await countOpen(mesh, 'CRM_EVENTS', PLUGIN)).held === 0, PATIENCE_MS);
      await restartHost(mesh);
    },
  },

  'bury-without-awaiting': {
    rule: 'dead letters are complete',
    provoke: async (mesh, id) => {
      await closeStream(mesh, 'CRM_DEAD');
      const countLetters = mesh.listen('dead.>');
      await mesh.sender.send([edit(mesh, id, 'refuse')]);
      await mesh.reached('refused', company(id));
      await until('the letter has come in vain', () => countLetters() > 0);
      await cameTrue(async () => (await countOpen(mesh, 'CRM_EVENTS', PLUGIN)).held === 0, PATIENCE_MS);
      await openStream(mesh, 'CRM_DEAD');
    },
  },

  'dedupe-key-without-tenant': {
    rule: 'nothing answered 2xx is lost',
    provoke: async ({ sender }, id) => {
      await sender.send([sender.edit('acme/shop', id)]);
      await sender.send([sender.edit('globex/shop', id)]);
    },
  },

  'normaliser-ack-before-publish': {
    rule: 'the last statement is told',
    provoke: async (mesh, id) => {
      const { publisher, plant, sender } = mesh;
      await publisher.stop();
      await publisher.start(plant([{ name: 'normalise.before-publish', action: 'delay', hit: 1, ms: NEVER_MS }]));
      await sender.send([edit(mesh, id)]);
      await until('the failpoint is reached', () => publisher.log.includes('failpoint normalise.before-publish'));
      await cameTrue(async () => (await countOpen(mesh, 'CRM_RAW', 'normaliser')).held === 0, PATIENCE_MS);
      await publisher.kill();
      await publisher.start(plant());
    },
  },

  'ledger-before-log': {
    rule: 'the last statement is told',
    provoke: async (mesh, id) => {
      await untilTold(mesh);
      await closeStream(mesh, 'CRM_EVENTS');
      await mesh.sender.send([edit(mesh, id)]);
      const isSettled = async (): Promise<boolean> => {
        const { behind, held } = await countOpen(mesh, 'CRM_RAW', 'normaliser');
        return behind + held === 0;
      };
      await cameTrue(isSettled, PATIENCE_MS);
      await openStream(mesh, 'CRM_EVENTS');
    },
  },

  'no-barrier': {
    rule: 'order per record',
    provoke: async (mesh, id) => {
      await setAckWait(mesh, NEVER_MS);
      await mesh.sender.send([edit(mesh, id, 'hang 1')]);
      await mesh.reached('begin', company(id));
      await mesh.host.kill();
      await mesh.sender.send([edit(mesh, id)]);
      await untilTold(mesh);
      await mesh.host.start(mesh.plant());
      await untilOvertaken(mesh, id);
      await setAckWait(mesh, SOON_MS);
    },
  },

  'no-gap-barrier': {
    rule: 'order per record',
    provoke: async (mesh, id) => {
      const { host } = mesh.proxies!;
      await setAckWait(mesh, NEVER_MS);
      host.stall();
      await mesh.sender.send([edit(mesh, id)]);
      await until('the event is on its way', async () => (await countOpen(mesh, 'CRM_EVENTS', PLUGIN)).held > 0);
      host.cut();
      host.release();
      await mesh.sender.send([edit(mesh, id)]);
      await untilOvertaken(mesh, id);
      await setAckWait(mesh, SOON_MS);
    },
  },

  'delayed-nak-instead-of-parking': {
    rule: 'order per record',
    provoke: async (mesh, id) => {
      await fillLane(mesh, id);
      await until('the lane is done', () => hasDone(mesh, id, 10));
    },
  },

  'burying-by-delivery-count': {
    rule: 'no innocent is buried',
    provoke: async (mesh, id) => {
      await mesh.sender.send([edit(mesh, id, 'hang 2')]);
      for (const times of [1, 2]) {
        await mesh.reached('begin', company(id), { times });
        await restartHost(mesh);
      }
    },
  },

  'parking-acks-before-rows': {
    rule: 'every event has its effect',
    provoke: async (mesh, id) => {
      const { host, plant } = mesh;
      await host.stop();
      await host.start(plant([{ name: 'park.before-commit', action: 'kill', hit: 1 }]));
      await fillLane(mesh, id);
      await host.ended(NEVER_MS);
      await host.start(plant());
    },
  },

  'outbox-answers-before-commit': {
    rule: 'nothing answered 2xx is lost',
    provoke: async (mesh, id) => {
      const { publisher, sender, plant } = mesh;
      await closeStream(mesh, 'CRM_RAW');
      await sender.send([edit(mesh, id)]);
      await publisher.kill();
      await openStream(mesh, 'CRM_RAW');
      await publisher.start(plant());
    },
  },

  'relay-deletes-what-was-refused': {
    rule: 'nothing answered 2xx is lost',
    provoke: async (mesh, id) => {
      await closeStream(mesh, 'CRM_RAW');
      await mesh.sender.send([edit(mesh, id)]);
      await cameTrue(() => countWaiting(mesh.storeFolder)['outbox'] === 0, PATIENCE_MS);
      await openStream(mesh, 'CRM_RAW');
    },
  },

  'no-inbox': {
    rule: 'only a crash repeats',
    provoke: async (mesh, id) => {
      const { host } = mesh.proxies!;
      await mesh.sender.send([edit(mesh, id, 'gate')]);
      await mesh.reached('begin', company(id));
      host.stall();
      openGate(mesh);
      await mesh.reached('done', company(id));
      // The ack has left the host, and nobody got it.
      await delay(300);
      host.cut();
      host.release();
    },
  },

  'stale-accepted': {
    rule: 'no older state follows a newer one',
    provoke: async (mesh, id) => {
      const older = edit(mesh, id);
      await mesh.sender.send([edit(mesh, id)]);
      await untilTold(mesh);
      await mesh.sender.send([older]);
    },
  },
};

async function restartHost({ host, plant }: FaultMesh): Promise<void> {
  await host.kill();
  await host.start(plant());
}

/** Ten events of one record in the host, the first of which waits and fails. */
async function fillLane(mesh: FaultMesh, id: string): Promise<void> {
  const first = edit(mesh, id, 'gate-fail');
  await mesh.sender.send([first]);
  await mesh.reached('begin', company(id));
  for (let count = 0; count < 9; count += 1) await mesh.sender.send([edit(mesh, id)]);
  await untilTold(mesh);
  await until('all are in hand', async () => (await countOpen(mesh, 'CRM_EVENTS', PLUGIN)).behind === 0);
  await delay(300);
  openGate(mesh);
}

function openGate(mesh: FaultMesh): void {
  writeFileSync(join(mesh.folder, 'gate'), '');
}

/** The gate is shut again when a scenario begins. */
export function shutGate(mesh: FaultMesh): void {
  rmSync(join(mesh.folder, 'gate'), { force: true });
}

/** Right code holds the second event back while the first is away. */
async function untilOvertaken(mesh: FaultMesh, id: string): Promise<void> {
  const isOvertaken = (): boolean =>
    mesh.effects().some(({ record, version, step }) => record === company(id) && version === 2 && step === 'done');
  await cameTrue(isOvertaken, PATIENCE_MS);
}

function hasDone(mesh: FaultMesh, id: string, count: number): boolean {
  const done = mesh.effects().filter(({ record, step }) => record === company(id) && step === 'done');
  return new Set(done.map(({ version }) => version)).size >= count;
}
