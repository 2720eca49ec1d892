import { Apart } from './apart.js';
import { Breakers } from './breakers.js';
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
import { Quarantine } from './quarantine.js';
import { Settler } from './settler.js';
import { DeliveryRecords } from './store/delivery-records.js';
import { LifeRecords } from './store/life-records.js';
import { SweepRecords } from './store/sweep-records.js';
import { openSuperseding, type Superseding } from './superseding.js';
import { SuspectRun } from './suspect-run.js';
import { Tally } from './tally.js';

export interface ConsumerParts {
  records: DeliveryRecords;
  tally: Tally;
  settler: Settler;
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
}

/** Puts a consumer together. `feeds` is filled later, as they open; `openDirect` looks for that of CRM_DIRECT. */
// oxlint-disable-next-line max-params -- what it is, what it needs, its clock, and its ways in
export function buildParts(
  spec: ConsumerSpec,
  { nats, store, log, metrics, onSettled, quarantine = new Quarantine() }: ConsumerDependencies,
  now: () => number,
  feeds: readonly Feed[],
  openDirect: () => Promise<void>,
): ConsumerParts {
  const { name: consumer, policy } = spec;
  const remembers = policy.idempotency === 'inbox';
  const records = new DeliveryRecords(store, consumer, spec.epoch);
  const tally = new Tally({ metrics, now, onSettled });
  const settler = new Settler(spec, { nats, log, records, tally, now });
  const areOpen = (): boolean => feeds.every((feed) => feed.isOpen);
  const breakers = new Breakers({
    consumer,
    log,
    now,
    onChange: (part, state) => {
      if (state === 'closed') engine.release(part);
      // Where the downstream has parts, the others still want theirs.
      else if (!spec.breakerOf) for (const feed of feeds) feed.rest();
    },
  });
  const incarnationOf = (stream: string): string | undefined =>
    feeds.find((feed) => feed.stream === stream)?.incarnation;
  const parking = new Parking({ nats, records, settler, now, remembers, incarnationOf });
  const holds: Holds = new Holds(spec, {
    ...{ nats, store, log, metrics, settler, records, incarnationOf, openDirect, now },
    onReleased: (lane, returned) => engine.unhold(lane, returned),
  });
  const superseding = openSuperseding(spec, { nats, log, now });
  const suspects = buildSuspects(spec, { store, log, quarantine }, { settler, records, engineOf: () => engine });
  const groups = new GroupRunner(spec, {
    ...{ nats, settler, breakers, records, superseding, log, now },
    isCondemned: (ref) => suspects.isCondemned(ref),
  });
  const runner = new LaneRunner(spec, {
    ...{ settler, parking, breakers, records, groups, holds, now },
    maxAckPending: () => feeds[0]?.durable.maxAckPending || policy.maxAckPending,
    isComplete: areOpen,
  });
  const isHeldBack = (): boolean => !areOpen() || quarantine.isActive || apart.isActive;
  const engine: Engine = new Engine(spec, {
    ...{ settler, parking, runner, holds, isHeldBack, log, now },
    beginRun: () => quarantine.beginRun(),
    accuse: (lane) => apart.accuse(lane),
  });
  const apart: Apart = buildApart({ consumer, log, engine, quarantine, areOpen });
  const exhausted = new Exhausted({
    ...{ consumer, nats, log, settler, records, remembers, now },
    sweeps: new SweepRecords(store, consumer),
    accepts: (subject) => spec.accepts?.(subject) ?? true,
  });
  const outrun = new Outrun({ consumer, nats, log, metrics });
  return {
    records,
    tally,
    settler,
    breakers,
    parking,
    holds,
    engine,
    suspects,
    apart,
    quarantine,
    exhausted,
    outrun,
    superseding,
  };
}

function buildSuspects(
  { name: consumer, policy }: ConsumerSpec,
  { store, log, quarantine }: Required<Pick<ConsumerDependencies, 'store' | 'log' | 'quarantine'>>,
  { settler, records, engineOf }: { settler: Settler; records: DeliveryRecords; engineOf(): Engine },
): SuspectRun {
  return new SuspectRun({
    ...{ consumer, quarantine, log },
    lives: new LifeRecords(store, consumer),
    insist: (step) => settler.insist(step),
    concurrency: policy.concurrency,
    listHeld: () => engineOf().listSuspects(),
    listParked: () => engineOf().listDueParked(),
    readParked: async (lane) => (await records.readParked(lane, 1))[0]?.ref,
  });
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
