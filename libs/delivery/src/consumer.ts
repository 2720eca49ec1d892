import { setTimeout as pauseFor } from 'node:timers/promises';
import type { Delivery, DurableState } from '@crm-mesh/jetstream';
import type { ConsumerParts } from './consumer-parts.js';
import { buildParts } from './consumer-parts.js';
import { resolveClaims } from './claimed.js';
import type { ConsumerDependencies } from './consumer-dependencies.js';
import { decideBarrier } from './decide-barrier.js';
import type { ConsumerSpec } from './consumer-spec.js';
import type { ConsumerStatus } from './consumer-status.js';
import { DirectPoll } from './direct-poll.js';
import { Feed } from './feed.js';
import { describeDurable } from './partition-layout.js';
import { nameDurable, ownsLane } from './partition.js';
import { ensureDirectDurable, redrive, type RedriveRequest, type RedriveResult } from './redrive.js';
import { DEFAULT_RETENTION_MS, Retention } from './retention.js';
import { Snapshot } from './snapshot.js';

const DEFAULT_GRACE_MS = 10_000;
const PRUNE_EVERY_MS = 600_000;
/** What another process has sent directly to this consumer is looked for this often, until the first of it is there. */
const DIRECT_POLL_MS = 5_000;
/** How often it is looked whether somebody has resolved a dead letter that holds its lane. */
const HOLDS_POLL_MS = 2_000;
const EXTEND_CHECKS_PER_WAIT = 6;
const ROOM_POLL_MS = 20;
/** Under a lease a request dies with it: else the server would go on sending to a process that stands still. */
const LEASED_EXPIRES_MS = 3_000;

/** A running consumer. */
export class Consumer {
  /** Of its durable. */
  readonly name: string;
  private readonly feeds: Feed[] = [];
  private readonly parts: ConsumerParts;
  private readonly now: () => number;
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly stopListening: () => void;
  private phase: 'starting' | 'running' | 'stopping' | 'stopped' = 'starting';
  private openingDirect: Promise<void> | undefined;
  private snapshot: Snapshot | undefined;

  constructor(
    private readonly spec: ConsumerSpec,
    private readonly deps: ConsumerDependencies,
  ) {
    this.name = nameDurable(spec);
    this.now = deps.now ?? Date.now;
    this.parts = buildParts(spec, deps, this.now, this.feeds, () => this.openDirect());
    this.stopListening = this.parts.quarantine.onOver(() => this.goOn());
  }

  async start(): Promise<void> {
    const { spec } = this;
    const { fence, suspects, parking, holds, engine, settler } = this.parts;
    this.snapshot = this.createSnapshot();
    const startFrom = this.snapshot ? await this.snapshot.begin() : spec.policy.startFrom;
    if (startFrom === 'snapshot') throw new TypeError(`${spec.name}: nobody tells it the records as they are`);
    const durable = await this.deps.nats.ensureDurable(describeDurable(spec, startFrom));
    await fence.takeOver();
    await suspects.begin();
    await holds.load();
    const parked = (await parking.load()).filter(({ lane }) => ownsLane(spec.partition, lane));
    await this.openFeed(durable);
    await this.openDirect();
    for (const { lane, dueMs, count } of parked) engine.restoreParked(lane, dueMs, count);
    this.phase = 'running';
    for (const feed of this.feeds) if (feed.stream !== spec.stream || !this.snapshot?.isUnderWay) feed.start();
    this.snapshot?.start();
    this.resume();
    void holds.look();
    const ackWaitMs = Math.min(durable.ackWaitMs || spec.policy.ackWaitMs, spec.policy.ackWaitMs);
    const { nats, log, retentionMs = DEFAULT_RETENTION_MS } = this.deps;
    const { records } = this.parts;
    const retention = new Retention({ spec, nats, log, records, feeds: this.feeds, retentionMs, now: this.now });
    const direct = new DirectPoll(this.deps.nats);
    const extendMs = Math.max(10, ackWaitMs / EXTEND_CHECKS_PER_WAIT);
    this.timers.push(
      setInterval(() => settler.extend(this.feeds[0]!.durable.ackWaitMs), extendMs),
      setInterval(() => void retention.prune(), PRUNE_EVERY_MS),
      setInterval(() => void holds.look(), HOLDS_POLL_MS),
      setInterval(() => void direct.poll(() => this.openDirect()).catch(() => undefined), DIRECT_POLL_MS),
    );
    const { pending, ackPending, ackFloorSequence } = durable;
    this.deps.log.info(
      { consumer: this.name, behind: pending + ackPending, position: ackFloorSequence, parkedLanes: parked.length },
      'consuming',
    );
  }

  status(): ConsumerStatus {
    const { engine, settler, breakers, holds, tally, outrun } = this.parts;
    const { lanes, messages } = engine.parkedCounts();
    return {
      name: this.name,
      state: this.state(),
      pending: this.feeds.reduce((sum, feed) => sum + feed.durable.pending, 0),
      held: settler.held.size,
      parkedLanes: lanes,
      parkedMessages: messages,
      heldLanes: holds.count,
      breaker: breakers.state(),
      ...tally.counts,
      missed: outrun.missed,
      settledLastMinute: tally.settledLastMinute(),
      ...(tally.lastError ? { lastError: tally.lastError } : {}),
    };
  }

  /** Reads anew how its durables are: somebody has just paused or resumed them. */
  async look(): Promise<void> {
    await Promise.all(this.feeds.map((feed) => feed.readState()));
  }

  /** Pulls nothing more, lets running handlers end (at most `graceMs`, default 10 s), gives the rest back. */
  async stop(options: { graceMs?: number } = {}): Promise<void> {
    if (this.phase === 'stopping' || this.phase === 'stopped') return;
    const { engine, suspects, exhausted, notices, holds } = this.parts;
    this.phase = 'stopping';
    this.stopListening();
    for (const timer of this.timers) clearInterval(timer);
    engine.halt();
    notices.stop();
    await this.snapshot?.stop();
    await this.openingDirect?.catch(() => undefined);
    await holds.stop();
    await Promise.all(this.feeds.map((feed) => feed.stop()));
    const extending = setInterval(() => this.parts.settler.extend(this.feeds[0]?.durable.ackWaitMs ?? 0), 100);
    await engine.drain(options.graceMs ?? DEFAULT_GRACE_MS);
    clearInterval(extending);
    await exhausted.idle();
    await suspects.end().catch(() => undefined); // the store is away: the next start is careful
    await this.deps.nats.flush().catch(() => undefined); // away: what was in hand comes back after ack_wait
    this.phase = 'stopped';
  }

  /** It could not start: nothing of it goes on, nor holds others up. */
  async giveUp(): Promise<void> {
    this.phase = 'stopped';
    this.stopListening();
    const { quarantine, suspects } = this.parts;
    await Promise.all(this.feeds.map((feed) => feed.stop()));
    quarantine.leave(suspects);
  }

  /** Sends dead letters of this consumer to it again: behind what waits in their lanes, or first where they hold them. */
  async redrive(request: Omit<RedriveRequest, 'consumer'>): Promise<RedriveResult> {
    await this.makeDirect();
    const { superseding, holds } = this.parts;
    const result = await redrive(this.deps.nats, { ...request, consumer: this.spec.name }, this.now(), superseding);
    await holds.look();
    return result;
  }

  /** What is sent directly has a way to come. */
  async makeDirect(): Promise<void> {
    const { ackWaitMs, maxAckPending } = this.spec.policy;
    const { name, partition, description, metadata } = this.spec;
    await ensureDirectDurable(this.deps.nats, { name, partition, description, metadata, ackWaitMs, maxAckPending });
    await this.openDirect();
  }

  private createSnapshot(): Snapshot | undefined {
    const { spec, now } = this;
    const { nats, log } = this.deps;
    if (spec.policy.startFrom !== 'snapshot' || !spec.readSnapshot) return undefined;
    return new Snapshot({
      ...{ spec, nats, log, now, read: spec.readSnapshot, progress: this.parts.snapshots },
      openDirect: () => this.makeDirect(),
      onOver: () => this.feeds[0]!.start(),
    });
  }

  /** What was sent directly to this consumer: there is a durable for it from the first time on. */
  private async openDirect(): Promise<void> {
    while (this.openingDirect) await this.openingDirect.catch(() => undefined);
    if (this.phase === 'stopping' || this.phase === 'stopped') return;
    if (this.feeds.some((feed) => feed.stream === 'CRM_DIRECT')) return;
    this.openingDirect = this.lookForDirect().finally(() => (this.openingDirect = undefined));
    await this.openingDirect;
  }

  private async lookForDirect(): Promise<void> {
    const durable = await this.deps.nats.durableState('CRM_DIRECT', this.name);
    if (!durable || this.isEnding()) return;
    const feed = await this.openFeed(durable);
    if (this.phase === 'running') feed.start();
  }

  private async openFeed(durable: DurableState): Promise<Feed> {
    const { records, suspects, engine, settler, breakers, holds, outrun, exhausted } = this.parts;
    const { policy } = this.spec;
    const { incarnation } = await this.deps.nats.streamState(durable.stream);
    // Up to here the store may know of a message. A server that was killed delivers again what was acked, as if for the first time.
    let highest = await records.highestKnown(durable.stream, incarnation);
    const onDelivery = (from: Feed, delivery: Delivery): void => {
      const { sequence, deliveryCount } = delivery;
      const mayBeKnown = deliveryCount > 1 || sequence <= highest;
      const wasInHand = deliveryCount > 1 || sequence <= from.deliveredAtStart;
      highest = Math.max(highest, sequence);
      engine.receive(from, delivery, (ref) => ({
        mayBeKnown: mayBeKnown || holds.hasReturned(ref),
        isSuspect: suspects.isSuspect(ref, wasInHand),
      }));
    };
    const feed: Feed = new Feed({
      nats: this.deps.nats,
      log: this.deps.log,
      durable,
      incarnation,
      maxInHand: policy.maxAckPending,
      // What is missing could not be told from what an ack of something newer settles.
      ordered: policy.ack === 'all' || (policy.order !== 'none' && durable.ack !== 'none'),
      startsClosed: suspects.isGathering,
      expiresMs: this.spec.isHeld && LEASED_EXPIRES_MS,
      decideBarrier: this.deps.decideBarrier ?? decideBarrier,
      now: this.now,
      onDelivery,
      listHeld: (from) => settler.listHeld(from.stream),
      forget: (forgotten) => engine.forget(forgotten),
      onOpen: () => this.resume(),
      onState: (from) => {
        exhausted.look(from);
        if (from.durable.pending > 0) void outrun.look(from);
      },
      mayPull: () => this.spec.breakerOf !== undefined || !breakers.isOpen('') || !engine.hasWork,
      untilRoom: async () => {
        while (settler.held.size >= policy.maxAckPending && !this.isEnding()) await pauseFor(ROOM_POLL_MS);
      },
      onReplaced: (stream, former) => {
        settler.disown(stream, former);
        highest = 0;
      },
    });
    this.feeds.push(feed);
    void outrun.look(feed);
    return feed;
  }

  /** When everything that was pending is in hand: first what may have ended the last life, then all. */
  private resume(): void {
    if (!this.feeds.every((feed) => feed.isOpen)) return;
    this.parts.settler.advance();
    void this.parts.suspects.run().then(() => this.goOn());
  }

  /** First what may have ended the handler's worker, then all. */
  private goOn(): void {
    void this.parts.apart.run().then(() => this.parts.engine.resume());
  }

  private isEnding(): boolean {
    return this.phase === 'stopping' || this.phase === 'stopped';
  }

  private state(): ConsumerStatus['state'] {
    if (this.phase === 'stopping' || this.phase === 'stopped') return this.phase;
    if (this.feeds[0]?.durable.paused) return 'paused';
    if (!this.feeds.every((feed) => feed.isOpen)) return 'waiting-for-pending';
    if (this.snapshot?.isUnderWay) return 'snapshot';
    return this.parts.quarantine.isActive || this.parts.apart.isActive ? 'quarantined' : 'running';
  }
}

/** Provisions the durable (if missing) and runs the consumer on it. */
export async function startConsumer(spec: ConsumerSpec, dependencies: ConsumerDependencies): Promise<Consumer> {
  const consumer = new Consumer(resolveClaims(spec, dependencies.nats), dependencies);
  try {
    await consumer.start();
  } catch (error) {
    await consumer.giveUp();
    throw error;
  }
  return consumer;
}
