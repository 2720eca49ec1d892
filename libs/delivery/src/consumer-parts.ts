import { Breakers } from './breakers.js';
import type { ConsumerDependencies } from './consumer-dependencies.js';
import type { ConsumerSpec } from './consumer-spec.js';
import { Engine } from './engine.js';
import { Exhausted } from './exhausted.js';
import type { Feed } from './feed.js';
import { GroupRunner } from './group-runner.js';
import { LaneRunner } from './lane-runner.js';
import { Outrun } from './outrun.js';
import { Parking } from './parking.js';
import { Quarantine } from './quarantine.js';
import { Settler } from './settler.js';
import { DeliveryRecords } from './store/delivery-records.js';
import { LifeRecords } from './store/life-records.js';
import { SweepRecords } from './store/sweep-records.js';
import { SuspectRun } from './suspect-run.js';
import { Tally } from './tally.js';

export interface ConsumerParts {
  records: DeliveryRecords;
  tally: Tally;
  settler: Settler;
  breakers: Breakers;
  parking: Parking;
  engine: Engine;
  suspects: SuspectRun;
  quarantine: Quarantine;
  exhausted: Exhausted;
  outrun: Outrun;
}

/** Puts a consumer together. `feeds` is filled later, as they open. */
// oxlint-disable-next-line max-params -- what it is, what it needs, its clock, and its way in
export function buildParts(
  spec: ConsumerSpec,
  { nats, store, log, metrics, onSettled, quarantine = new Quarantine() }: ConsumerDependencies,
  now: () => number,
  feeds: readonly Feed[],
): ConsumerParts {
  const consumer = spec.name;
  const { policy } = spec;
  const remembers = policy.idempotency === 'inbox';
  const records = new DeliveryRecords(store, consumer, spec.epoch);
  const tally = new Tally({ metrics, now, onSettled });
  const areOpen = (): boolean => feeds.every((feed) => feed.isOpen);
  const settler = new Settler(spec, { nats, log, records, tally, now, isComplete: areOpen });
  const insist = <Result>(step: () => Promise<Result>): Promise<Result> => settler.insist(step);
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
  const suspects: SuspectRun = new SuspectRun({
    consumer,
    lives: new LifeRecords(store, consumer),
    quarantine,
    log,
    insist,
    concurrency: policy.concurrency,
    listHeld: () => engine.listSuspects(),
    listParked: () => engine.listDueParked(),
    readParked: async (lane) => (await records.readParked(lane, 1))[0]?.ref,
  });
  const groups = new GroupRunner(spec, {
    ...{ settler, breakers, records, log, now },
    isCondemned: (ref) => suspects.isCondemned(ref),
  });
  const runner = new LaneRunner(spec, {
    ...{ settler, parking, breakers, records, groups, now },
    maxAckPending: () => feeds[0]?.durable.maxAckPending || policy.maxAckPending,
    isComplete: areOpen,
  });
  const isHeldBack = (): boolean => !areOpen() || quarantine.isActive;
  const engine: Engine = new Engine(spec, {
    ...{ settler, parking, runner, isHeldBack, log, now },
    beginRun: () => quarantine.beginRun(),
  });
  const exhausted = new Exhausted({
    ...{ consumer, nats, log, settler, records, remembers, now },
    sweeps: new SweepRecords(store, consumer),
    accepts: (subject) => spec.accepts?.(subject) ?? true,
  });
  const outrun = new Outrun({ consumer, nats, log, metrics });
  return { records, tally, settler, breakers, parking, engine, suspects, quarantine, exhausted, outrun };
}
