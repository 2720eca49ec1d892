import type { Store } from '@crm-mesh/store';
import { Apart } from './apart.js';
import { BreakerNotices } from './breaker-notices.js';
import { Breakers, type BreakersOptions } from './breakers.js';
import type { ConsumerDependencies } from './consumer-dependencies.js';
import type { ConsumerSpec } from './consumer-spec.js';
import { Engine } from './engine.js';
import { Exhausted } from './exhausted.js';
import type { Feed } from './feed.js';
import { GroupRunner } from './group-runner.js';
import { Holds } from './holds.js';
import { LaneRunner } from './lane-runner.js';
import { Outrun } from './outrun.js';
import { Parking } from './parking.js';
import { nameDurable } from './partition.js';
import { Quarantine } from './quarantine.js';
import { Settler } from './settler.js';
import { DeliveryRecords } from './store/delivery-records.js';
import { EpochFence } from './store/epoch-fence.js';
import { HoldRecords } from './store/hold-records.js';
import { LifeRecords } from './store/life-records.js';
import { ParkedRecords } from './store/parked-records.js';
import { SnapshotRecords } from './store/snapshot-records.js';
import { SweepRecords } from './store/sweep-records.js';
import { openSuperseding, type Superseding } from './superseding.js';
import { SuspectRun } from './suspect-run.js';
import { Tally } from './tally.js';
import { Turns } from './turns.js';

export interface ConsumerParts {
  fence: EpochFence;
  records: DeliveryRecords;
  tally: Tally;
  settler: Settler;
  notices: BreakerNotices;
  breakers: Breakers;
  parking: Parking;
  holds: Holds;
  engine: Engine;
  suspects: SuspectRun;
  apart: Apart;
  quarantine: Quarantine;
  exhausted: Exhausted;
  outrun: Outrun;
  superseding: Superseding | undefined;
  snapshots: SnapshotRecords;
}

/** Puts a consumer together. `feeds` is filled later, as they open; `openDirect` looks for that of CRM_DIRECT. */
// oxlint-disable-next-line max-params -- what it is, what it needs, its clock, and its ways in
export function buildParts(
  spec: ConsumerSpec,
  { nats, store, log, metrics, onSettled, quarantine = new Quarantine(), setTimer = setTimeout }: ConsumerDependencies,
  now: () => number,
  feeds: readonly Feed[],
  openDirect: () => Promise<void>,
): ConsumerParts {
  const { policy } = spec;
  const consumer = nameDurable(spec);
  const remembers = policy.idempotency === 'inbox';
  const { fence, records, parked, lives, sweeps, holdRows, snapshots } = openRows(store, spec);
  const tally = new Tally({ metrics, now, onSettled });
  const areOpen = (): boolean => feeds.every((feed) => feed.isOpen);
  const settler = new Settler(spec, { nats, log, records, tally, now, isComplete: areOpen });
  const notices = new BreakerNotices({ consumer, nats, log, metrics, now });
  const onChange: BreakersOptions['onChange'] = (part, state) => {
    if (state === 'closed') engine.release(part);
    // Where the downstream has parts, the others still want theirs.
    else if (!spec.breakerOf) for (const feed of feeds) feed.rest();
  };
  const breakers = new Breakers({ notices, now, onChange });
  const incarnationOf = (stream: string): string | undefined =>
    feeds.find((feed) => feed.stream === stream)?.incarnation;
  const parking = new Parking({ nats, records, parked, settler, now, remembers, incarnationOf });
  const holds: Holds = new Holds(spec, {
    ...{ nats, rows: holdRows, log, metrics, settler, records, parked, incarnationOf, openDirect, now },
    onReleased: (lane, returned) => engine.unhold(lane, returned),
  });
  const suspects: SuspectRun = new SuspectRun({
    ...{ consumer, lives, quarantine, log, concurrency: policy.concurrency },
    insist: (step) => settler.insist(step),
    listHeld: () => engine.listSuspects(),
    listParked: () => engine.listDueParked(),
    readParked: async (lane) => (await parked.read(lane, 1))[0]?.ref,
  });
  const superseding = openSuperseding(spec, { nats, log, now });
  const turns = new Turns(policy, { now, wake: (lane) => engine.wake(lane) });
  const groups = new GroupRunner(spec, {
    ...{ nats, settler, breakers, turns, records, superseding, log, now },
    isCondemned: (ref) => suspects.isCondemned(ref),
  });
  const runner = new LaneRunner(spec, {
    ...{ settler, parking, breakers, turns, records, groups, holds, now },
    maxAckPending: () => feeds[0]?.durable.maxAckPending || policy.maxAckPending,
    isComplete: areOpen,
  });
  const isHeldBack = (): boolean => !areOpen() || quarantine.isActive || apart.isActive;
  const engine: Engine = new Engine(spec, {
    ...{ settler, parking, runner, holds, isHeldBack, log, now, setTimer },
    beginRun: () => quarantine.beginRun(),
    accuse: (lane) => apart.accuse(lane),
  });
  const apart: Apart = buildApart({ consumer, log, engine, quarantine, areOpen });
  const exhausted = new Exhausted({
    ...{ consumer, nats, log, settler, records, parked, sweeps, remembers, now },
    isOwn: (item) => engine.isOwn(item),
  });
  const outrun = new Outrun({ consumer, nats, log, metrics });
  const own = { fence, records, tally, settler, notices, breakers, parking, holds };
  return { ...own, engine, suspects, apart, quarantine, exhausted, outrun, superseding, snapshots };
}

/** The consumer's rows. What is known of messages is shared by its partitions; what is known of a life is each one's own. */
function openRows(store: Store, spec: ConsumerSpec) {
  const { name, epoch, isHeld } = spec;
  const durable = nameDurable(spec);
  const fence = new EpochFence(store, durable, epoch, isHeld);
  return {
    fence,
    records: new DeliveryRecords(store, name, fence),
    parked: new ParkedRecords(store, name, fence),
    lives: new LifeRecords(store, durable, fence),
    sweeps: new SweepRecords(store, durable, fence),
    holdRows: new HoldRecords(store, name, fence),
    snapshots: new SnapshotRecords(store, name, fence),
  };
}

function buildApart({
  engine,
  quarantine,
  areOpen,
  ...rest
}: Pick<ConsumerDependencies, 'log'> & {
  consumer: string;
  engine: Engine;
  quarantine: Quarantine;
  areOpen(): boolean;
}): Apart {
  return new Apart({
    ...rest,
    mayRun: () => areOpen() && !quarantine.isActive,
    runAlone: async (lane) => {
      const endRun = quarantine.beginRun();
      await engine.runAlone(lane);
      endRun();
    },
    onOver: () => engine.resume(),
  });
}
