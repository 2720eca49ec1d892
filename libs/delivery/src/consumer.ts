import type { DurableState, Nats } from '@crm-mesh/jetstream';
import type { Store } from '@crm-mesh/store';
import type { Logger, Metrics } from '@crm-mesh/telemetry';
import { decideBarrier, type BarrierDecider } from './decide-barrier.js';
import { Breakers } from './breakers.js';
import type { ConsumerSpec } from './consumer-spec.js';
import type { ConsumerStatus } from './consumer-status.js';
import { Engine } from './engine.js';
import { Feed } from './feed.js';
import { LaneRunner } from './lane-runner.js';
import { describeError } from './outcome.js';
import { Parking } from './parking.js';
import { ensureDirectDurable, redrive, type RedriveRequest, type RedriveResult } from './redrive.js';
import type { SettledNotice } from './settled-notice.js';
import { Settler } from './settler.js';
import { DeliveryRecords } from './store/delivery-records.js';
import { Tally } from './tally.js';

const DEFAULT_GRACE_MS = 10_000;
const PRUNE_EVERY_MS = 600_000;
/** Inbox rows outlive the ack floor by this much: an ack that got lost is redelivered within ack_wait. */
const INBOX_KEPT_MS = 86_400_000;

export interface ConsumerDependencies {
  nats: Nats;
  store: Store;
  log: Logger;
  metrics: Metrics;
  onSettled?: (notice: SettledNotice) => void;
  now?: () => number;
  /** Only tests give another. */
  decideBarrier?: BarrierDecider;
}

/** A running consumer. */
export class Consumer {
  readonly name: string;
  private readonly feeds: Feed[] = [];
  private readonly records: DeliveryRecords;
  private readonly tally: Tally;
  private readonly settler: Settler;
  private readonly breakers: Breakers;
  private readonly parking: Parking;
  private readonly engine: Engine;
  private readonly now: () => number;
  private readonly timers: NodeJS.Timeout[] = [];
  private phase: 'running' | 'stopping' | 'stopped' = 'running';

  constructor(
    private readonly spec: ConsumerSpec,
    private readonly deps: ConsumerDependencies,
  ) {
    this.name = spec.name;
    this.now = deps.now ?? Date.now;
    const { nats, log, metrics } = deps;
    const now = this.now;
    const records = new DeliveryRecords(deps.store, spec.name);
    this.records = records;
    this.tally = new Tally({ metrics, now, onSettled: deps.onSettled });
    const settler = new Settler(spec, { nats, log, records, tally: this.tally, now });
    this.settler = settler;
    this.breakers = new Breakers({
      consumer: spec.name,
      log,
      now,
      onClose: () => this.engine.resume({ waitNoLonger: true }),
    });
    this.parking = new Parking({
      nats,
      log,
      records,
      settler,
      now,
      remembers: spec.policy.idempotency === 'inbox',
      incarnationOf: (stream) => this.feeds.find((feed) => feed.stream === stream)?.incarnation,
    });
    const { parking, breakers } = this;
    const runner = new LaneRunner(spec, { settler, parking, breakers, records, log, now });
    this.engine = new Engine(spec, { settler, parking, runner, feeds: this.feeds, log, now });
  }

  async start(): Promise<void> {
    const { spec } = this;
    const durable = await this.deps.nats.ensureDurable({
      stream: spec.stream,
      name: spec.name,
      description: spec.description,
      filterSubject: spec.filterSubject,
      startFrom: spec.policy.startFrom,
      ackWaitMs: spec.policy.ackWaitMs,
      maxAckPending: spec.policy.maxAckPending,
      metadata: spec.metadata,
    });
    const direct = await this.deps.nats.durableState('CRM_DIRECT', spec.name);
    const parked = await this.parking.load();
    const feeds = [await this.openFeed(durable), ...(direct ? [await this.openFeed(direct)] : [])];
    for (const { lane, dueMs, count } of parked) this.engine.restoreParked(lane, dueMs, count);
    for (const feed of feeds) feed.start();
    this.engine.resume();
    this.timers.push(
      setInterval(() => this.settler.extend(this.feeds[0]!.durable.ackWaitMs), spec.policy.ackWaitMs / 6),
      setInterval(() => void this.pruneInbox(), PRUNE_EVERY_MS),
    );
    const { pending, ackPending, ackFloorSequence } = durable;
    this.deps.log.info(
      { consumer: spec.name, behind: pending + ackPending, position: ackFloorSequence, parkedLanes: parked.length },
      'consuming',
    );
  }

  status(): ConsumerStatus {
    const { lanes, messages } = this.engine.parkedCounts();
    return {
      name: this.name,
      state: this.state(),
      pending: this.feeds.reduce((sum, feed) => sum + feed.durable.pending, 0),
      held: this.settler.held.size,
      parkedLanes: lanes,
      parkedMessages: messages,
      breaker: this.breakers.state(),
      ...this.tally.counts,
      settledLastMinute: this.tally.settledLastMinute(),
      ...(this.tally.lastError ? { lastError: this.tally.lastError } : {}),
    };
  }

  /** Pulls nothing more, lets running handlers end (at most `graceMs`, default 10 s), gives the rest back. */
  async stop(options: { graceMs?: number } = {}): Promise<void> {
    if (this.phase !== 'running') return;
    this.phase = 'stopping';
    this.engine.halt();
    await Promise.all(this.feeds.map((feed) => feed.stop()));
    await this.engine.drain(options.graceMs ?? DEFAULT_GRACE_MS);
    for (const timer of this.timers) clearInterval(timer);
    await this.deps.nats.flush().catch(() => undefined); // away: what was in hand comes back after ack_wait
    this.phase = 'stopped';
  }

  /** Sends dead letters of this consumer to it again, behind what waits in their lanes. */
  async redrive(request: Omit<RedriveRequest, 'consumer'>): Promise<RedriveResult> {
    const { ackWaitMs, maxAckPending } = this.spec.policy;
    await ensureDirectDurable(this.deps.nats, { ...this.spec, ackWaitMs, maxAckPending });
    if (this.phase === 'running' && !this.feeds.some((feed) => feed.stream === 'CRM_DIRECT')) {
      const durable = await this.deps.nats.durableState('CRM_DIRECT', this.name);
      if (durable) (await this.openFeed(durable)).start();
    }
    return redrive(this.deps.nats, { ...request, consumer: this.name }, this.now());
  }

  private async openFeed(durable: DurableState): Promise<Feed> {
    const { incarnation } = await this.deps.nats.streamState(durable.stream);
    const highestDone = await this.records.highestDone(durable.stream, incarnation);
    const feed = new Feed({
      nats: this.deps.nats,
      log: this.deps.log,
      durable,
      incarnation,
      ordered: this.spec.policy.order === 'record',
      decideBarrier: this.deps.decideBarrier ?? decideBarrier,
      now: this.now,
      onDelivery: (from, delivery) =>
        this.engine.receive(from, delivery, delivery.deliveryCount > 1 || delivery.sequence <= highestDone),
      listHeld: (from) => this.settler.listHeld(from.stream),
      onOpen: () => this.engine.resume(),
    });
    this.feeds.push(feed);
    return feed;
  }

  private state(): ConsumerStatus['state'] {
    if (this.phase !== 'running') return this.phase;
    if (this.feeds[0]?.durable.paused) return 'paused';
    return this.feeds.every((feed) => feed.isOpen) ? 'running' : 'waiting-for-pending';
  }

  private async pruneInbox(): Promise<void> {
    try {
      for (const { stream, incarnation, durable } of this.feeds) {
        const floor = { stream, incarnation, sequence: durable.ackFloorSequence };
        await this.records.pruneInbox(floor, this.now() - INBOX_KEPT_MS);
      }
    } catch (error) {
      this.deps.log.warn({ consumer: this.name, error: describeError(error) }, 'the inbox could not be pruned');
    }
  }
}

/** Provisions the durable (if missing) and runs the consumer on it. */
export async function startConsumer(spec: ConsumerSpec, dependencies: ConsumerDependencies): Promise<Consumer> {
  const consumer = new Consumer(spec, dependencies);
  await consumer.start();
  return consumer;
}
