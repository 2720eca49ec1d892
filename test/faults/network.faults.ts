import { setTimeout as delay } from 'node:timers/promises';
import type { TcpProxy } from '@crm-mesh/testing';
import { describe, it } from 'vitest';
import { expectWell } from './mesh/expect-well.js';
import { startFaultMesh } from './mesh/fault-mesh.js';
import { createRandom, shuffle, type Random } from './random/random.js';
import { SEED } from './settings.js';

const LOAD = { records: 30, senders: 3, pauseMs: 40 };

const KINDS: Record<string, (wire: TcpProxy, random: Random) => Promise<void> | void> = {
  cut: (wire) => wire.cut(),
  'away for a while': async (wire, random) => {
    wire.refuse();
    await delay(random.between(500, 4_000));
    wire.allow();
  },
  'silent, and back with every byte': async (wire, random) => {
    wire.stall();
    await delay(random.between(500, 5_000));
    wire.release();
  },
  'half-open, and what was on its way is gone': async (wire, random) => {
    wire.stall();
    await delay(random.between(500, 5_000));
    wire.cut();
    wire.release();
  },
};

describe('the wire between an app and nats-server', () => {
  it('may be cut and half-open under load, and nothing is lost or overtaken', async () => {
    const random = createRandom(SEED, 'network');
    const mesh = await startFaultMesh({ isProxied: true });
    const history: string[] = [];
    try {
      await Promise.all([mesh.publisher.start(), mesh.host.start()]);
      const over = new AbortController();
      const load = mesh.sender.run({ ...LOAD, random: createRandom(SEED, 'load on the network') }, over.signal);
      const breakWire = async (app: 'publisher' | 'host'): Promise<void> => {
        for (const kind of shuffle(Object.keys(KINDS), random)) {
          await delay(random.between(300, 1_200));
          history.push(`${app}: ${kind} (${mesh.sender.summary})`);
          await KINDS[kind]!(mesh.proxies![app], random);
        }
      };
      await Promise.all([breakWire('publisher'), breakWire('host')]);
      over.abort();
      await load;
      await expectWell(mesh, history);
    } finally {
      await mesh.stop();
    }
  });
});
