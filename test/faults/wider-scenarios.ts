import { NEVER_MS, PATIENCE_MS, type BugScenario } from './bug-scenario.js';
import { isAt, type Point } from './mesh/end-at-failpoint.js';
import { exhaustSome, MAX_DELIVER, untilBuried, untilLooked } from './mesh/exhaustion.js';
import type { FaultMesh } from './mesh/fault-mesh.js';
import { untilLeads } from './mesh/leader.js';
import { cameTrue, closeStream, countOpen, openStream, setMaxDeliver, until, untilTold } from './mesh/operator.js';

/** What needs more than the mesh itself: an operator's limit, a CRM, a second publisher. */
export const WIDER_SCENARIOS: Record<string, BugScenario> = {
  'remembered-before-buried': {
    rule: 'dead letters are complete',
    provoke: async (mesh, id) => {
      const { host, sender, plant } = mesh;
      await setMaxDeliver(mesh, MAX_DELIVER);
      await untilLooked(mesh);
      await exhaustSome(mesh, id);
      await host.start(plant([{ name: 'exhausted.before-burying', action: 'kill', hit: 1 }]));
      await host.ended(NEVER_MS);
      await host.start(plant());
      // The server moves the floor behind them at the next ack, and only then the sweep sees the forgotten one.
      await sender.send([sender.edit('acme/shop', id)]);
      await untilBuried(mesh);
      await setMaxDeliver(mesh, -1);
    },
  },

  'gathered-commit-not-awaited': {
    rule: 'nothing answered 2xx is lost',
    provoke: async (mesh, id) => {
      const { publisher, sender, plant } = mesh;
      const point: Point = { name: 'outbox.before-gathered-commit', action: 'delay', hit: 1, ms: NEVER_MS };
      await publisher.stop();
      await closeStream(mesh, 'CRM_RAW');
      await publisher.start(plant([point]));
      const statement = sender.edit('acme/shop', id);
      const sending = sender.send([statement]);
      await until('the commit is near', () => isAt(publisher, point));
      await cameTrue(() => statement.isAnswered, PATIENCE_MS);
      await publisher.kill();
      await openStream(mesh, 'CRM_RAW');
      await publisher.start(plant());
      await sending;
    },
  },

  'unreadable-record-skipped': {
    rule: 'the last statement is told',
    provoke: async (mesh) => {
      const crm = mesh.crm!;
      crm.sendTo(mesh.publisher.url);
      crm.failNext(1_000_000);
      crm.create();
      await crm.told();
      await cameTrue(async () => (await countOpen(mesh, 'CRM_RAW', 'normaliser')).held === 0, PATIENCE_MS);
      crm.failNext(0);
    },
  },

  'no-fence': {
    rule: 'versions have no gap and no fork',
    provoke: async (mesh, id) => {
      const { publisher, standby, sender, plant } = mesh;
      const point: Point = { name: 'normalise.before-publish', action: 'stop', hit: 1 };
      await untilTold(mesh);
      await publisher.stop();
      await publisher.start(plant([point]));
      await untilLeads(mesh, publisher);
      await sender.send([sender.edit('acme/shop', id)]);
      await until('the leader is stopped', () => isAt(publisher, point));
      await standby.start(plant());
      await untilTold(mesh);
      publisher.thaw();
      await untilWoken(mesh);
      await standby.stop();
      await untilLeads(mesh, publisher);
    },
  },
};

/** What it had decided before it was stopped is published, or found out, and then it leads no more. */
async function untilWoken({ publisher }: FaultMesh): Promise<void> {
  await until('the former leader has noticed', () => publisher.log.includes('normaliser leads no more'));
}
