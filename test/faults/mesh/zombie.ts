import { setTimeout as delay } from 'node:timers/promises';
import { checkEffects } from '../check/check-effects.js';
import type { Finding } from '../check/evidence.js';
import { startHostFleet, type FleetEffect, type HostFleet } from './host-fleet.js';
import { until } from './operator.js';

const PLUGIN = 'zombie';
const GATED = 'acme/shop/company/gated';
/** Of the plugin: one waits at its gate, the others run one by one. */
const DELIVERY = { startFrom: 'all', concurrency: 2, timeoutMs: 120_000 };
const OTHERS = 30;
/** So long each of the others runs: all together longer than a lease outlives its holder. */
const EACH_MS = 250;
const LEAST_STOPPED_MS = 10_000;
/** As long as a host that is awake again is watched. */
const WATCHED_MS = 4_000;
/** Of each host's log, where something went wrong. */
const SHOWN_LINES = 12;

export interface SeenOfZombie {
  failOverMs: number;
  /** Handlers that the woken host began, and ended. */
  begunAfterwards: number;
  endedAfterwards: number;
  /** Whether the event that both ran is still open for the server, and known to the inbox, when the woken host is done. */
  openAfterwards: number;
  rowsAfterwards: number;
  /** How long it takes to take over in its turn. */
  takenBackMs: number;
  findings: Finding[];
}

/** Host `a` is stopped while it runs the gated event and has others in hand; `b` takes over; `a` wakes up. */
export async function runZombie(bugs: string[] = []): Promise<SeenOfZombie> {
  const fleet = await startHostFleet([{ name: PLUGIN, delivery: DELIVERY }]);
  const { a, b } = fleet.hosts;
  try {
    await a.start({ bugs });
    await b.start();
    const [zombie, heir] = [a.pid!, b.pid!];
    await fleet.publish('gated', 'gate');
    for (let n = 1; n <= OTHERS; n++) await fleet.publish(`r${n % 10}`, `slow ${EACH_MS}`);
    await untilSteps(fleet, zombie, 4);
    a.freeze();
    const stoppedMs = Date.now();
    await until('the other begins', () => fleet.effects().some(({ life }) => life === heir));
    const failOverMs = Date.now() - stoppedMs;
    await until('the other is at the gate', () => hasBegun(fleet, heir));
    await delay(Math.max(0, LEAST_STOPPED_MS - failOverMs));

    const line = fleet.effects().length;
    fleet.openGate(a);
    a.thaw();
    await delay(WATCHED_MS);
    const since = fleet
      .effects()
      .slice(line)
      .filter(({ life }) => life === zombie);
    const seen = {
      begunAfterwards: since.filter(({ step }) => step === 'begin').length,
      endedAfterwards: since.filter(({ step, record }) => step === 'done' && record === GATED).length,
      openAfterwards: await countOpenOf(fleet, GATED),
      rowsAfterwards: await countRowsOf(fleet, GATED),
    };
    // With a bug nothing is promised from here on.
    if (bugs.length > 0) return { failOverMs, takenBackMs: 0, ...seen, findings: [] };
    fleet.openGate(b);
    await fleet.drained(60_000);
    await b.stop();
    const endedMs = Date.now();
    await fleet.publish('late');
    await until('it takes over in its turn', () => fleet.effects().some(({ record }) => record.endsWith('/late')));
    const takenBackMs = Date.now() - endedMs;
    await fleet.drained(60_000);
    return { failOverMs, takenBackMs, ...seen, findings: check(fleet, { zombie, since }) };
  } catch (error) {
    const logs = [a, b].flatMap(({ lines }) => lines.slice(-SHOWN_LINES));
    throw new Error([String(error), ...logs].join('\n'), { cause: error });
  } finally {
    await fleet.stop();
  }
}

async function untilSteps(fleet: HostFleet, life: number, count: number): Promise<void> {
  await until(
    'it is at work',
    () => hasBegun(fleet, life) && fleet.effects().filter((effect) => effect.life === life).length >= count,
  );
}

function hasBegun(fleet: HostFleet, life: number): boolean {
  return fleet.effects().some((effect) => effect.life === life && effect.record === GATED);
}

/** 1 while its sequence lies above the floor, and is not settled. */
async function countOpenOf({ jsm, events }: HostFleet, record: string): Promise<number> {
  const { sequence } = events.find((event) => event.record === record)!;
  const { ack_floor: floor } = await jsm.consumers.info('CRM_EVENTS', PLUGIN);
  return floor.stream_seq < sequence ? 1 : 0;
}

async function countRowsOf({ query, events }: HostFleet, record: string): Promise<number> {
  const { sequence } = events.find((event) => event.record === record)!;
  return (await query(`SELECT 1 FROM fleet.delivery_inbox WHERE sequence = ${sequence}`)).length;
}

/** What the woken host ended late does not count: nobody could recall it. */
function check(
  { events, effects }: HostFleet,
  { zombie, since }: { zombie: number; since: readonly FleetEffect[] },
): Finding[] {
  const late = new Set(since.map((effect) => JSON.stringify(effect)));
  const own = effects().filter((effect) => !late.has(JSON.stringify(effect)));
  const nothing = { statements: [], raw: [], letters: [], ledger: [], givenUp: new Set<number>(), waiting: {} };
  return checkEffects({ ...nothing, events, effects: own, crashedLives: new Set([zombie]) });
}
