import { directSubject } from '@crm-mesh/contract';
import type { Nats } from '@crm-mesh/jetstream';
import type { Logger, Metrics } from '@crm-mesh/telemetry';
import type { ConsumerSpec } from './consumer-spec.js';
import { findStored } from './is-stored.js';
import type { Held, Lane } from './lane.js';
import { describeError } from './outcome.js';
import { nameDurable, ownsLane } from './partition.js';
import { redriveMessageId } from './redrive.js';
import type { Settler } from './settler.js';
import type { DeliveryRecords } from './store/delivery-records.js';
import type { Hold, HoldRecords } from './store/hold-records.js';
import { keyOf, type ItemRef } from './store/item-rows.js';
import type { ParkedRecords } from './store/parked-records.js';

export interface HoldsDependencies {
  nats: Nats;
  rows: HoldRecords;
  log: Logger;
  metrics: Metrics;
  settler: Settler;
  records: DeliveryRecords;
  parked: ParkedRecords;
  /** Of a stream that is read; else undefined. */
  incarnationOf(stream: string): string | undefined;
  /** Begins to read CRM_DIRECT, if anything was sent directly. */
  openDirect(): Promise<void>;
  /** Nothing holds the lane any more; `returned`: so many messages that were redriven stand in it now. */
  onReleased(lane: string, returned: number): void;
  now(): number;
}

/** A letter that was just published, and the place in its lane of what it buried. */
export interface Burial {
  held: Held;
  /** Its sequence in CRM_DEAD. */
  letterSequence: number;
  ordinal: number;
}

/**
 * The lanes that wait for a person, with `order: 'strict'`: until a dead letter is redriven or dropped. The truth is
 * whether the letter lies in CRM_DEAD; the rows say which lane it holds, and where in it a redriven event belongs.
 */
export class Holds {
  readonly #byLane = new Map<string, Hold[]>();
  /** Put into their lanes from the stream itself, and perhaps still on their way to us. */
  readonly #returned = new Set<string>();
  /** CRM_DEAD when it was last looked at. */
  #seen: string | undefined;
  #looking: Promise<void> = Promise.resolve();
  #stopped = false;
  readonly #records: HoldRecords;
  readonly #gauge;

  constructor(
    private readonly spec: ConsumerSpec,
    private readonly deps: HoldsDependencies,
  ) {
    this.#records = deps.rows;
    this.#gauge = deps.metrics.gauge(
      'mesh_delivery_held_lanes',
      'Lanes that wait until a dead letter is redriven or dropped.',
      ['consumer'],
    );
  }

  /** How many lanes are held. */
  get count(): number {
    return this.#byLane.size;
  }

  /** Otherwise nothing is ever held. */
  private get isStrict(): boolean {
    return this.spec.policy.order === 'strict';
  }

  isHeld(lane: string): boolean {
    return this.#byLane.has(lane);
  }

  /** Whether the store may know of it although it comes for the first time. */
  hasReturned(ref: ItemRef): boolean {
    return this.#returned.size > 0 && this.#returned.delete(keyOf(ref));
  }

  /** What was held before the start. */
  async load(): Promise<void> {
    const { records, now } = this.deps;
    const holds = (await this.#records.list()).filter(({ lane }) => ownsLane(this.spec.partition, lane));
    if (holds.length === 0) return;
    // The plugin was strict once, and is no more.
    if (!this.isStrict) return this.#records.removeAll();
    // The end may have come between the two rows of a burial.
    const refs = holds.map(({ ref }) => ref);
    await records.recordDone(refs, refs, now());
    for (const hold of holds) this.#keep(hold);
  }

  /** Holds the lane for what was just buried, before that is settled. Rejects only when stopping. */
  async hold(lane: Lane, burials: readonly Burial[]): Promise<void> {
    const { settler, nats, log } = this.deps;
    if (!this.isStrict) return;
    const { incarnation } = await settler.insist(() => nats.streamState('CRM_DEAD'));
    const holds = burials.map(({ held, letterSequence, ordinal }) => ({
      ...{ lane: lane.key, ref: held.ref, subject: held.item.subject, ordinal },
      letter: { incarnation, sequence: letterSequence },
    }));
    await settler.insist(() => this.#records.add(holds));
    for (const hold of holds) this.#keep(hold);
    lane.parked ??= { count: 0, arriving: 0 };
    lane.waitUntil(0);
    this.#seen = undefined;
    log.warn(
      { consumer: this.spec.name, lane: lane.key },
      'the lane waits until its dead letter is redriven or dropped',
    );
  }

  /** Looks for letters that were resolved, after all looks before. Never rejects. */
  look(): Promise<void> {
    this.#looking = this.#looking
      .then(() => this.#look())
      .catch((error: unknown) =>
        this.deps.log.warn(
          { consumer: this.spec.name, error: describeError(error) },
          'whether dead letters are resolved cannot be seen now',
        ),
      );
    return this.#looking;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#looking;
  }

  async #look(): Promise<void> {
    if (this.count === 0 || this.#stopped) return;
    const { incarnation, lastSequence, messages } = await this.deps.nats.streamState('CRM_DEAD');
    // While neither number moves, no letter has come and none has gone.
    const state = `${incarnation} ${lastSequence} ${messages}`;
    if (state === this.#seen) return;
    this.#seen = state;
    try {
      for (const hold of [...this.#byLane.values()].flat()) {
        if (this.#stopped) return;
        const isOpen =
          hold.letter.incarnation === incarnation &&
          (await this.deps.nats.getMessage('CRM_DEAD', hold.letter.sequence)) !== undefined;
        if (!isOpen) await this.#resolve(hold);
      }
    } catch (error) {
      this.#seen = undefined;
      throw error;
    }
  }

  async #resolve(hold: Hold): Promise<void> {
    const { records, parked, log } = this.deps;
    const redriven = await this.#findRedriven(hold);
    const isDone = redriven && (await records.lookUp([redriven])).get(keyOf(redriven))?.done;
    let returned = 0;
    if (redriven && !isDone) {
      if (!(await parked.listAmong([redriven])).has(keyOf(redriven))) returned = 1;
      this.#returned.add(keyOf(redriven));
      await this.#records.replace(hold, redriven);
    } else await this.#records.remove(hold);
    this.#letGo(hold);
    log.info(
      { consumer: this.spec.name, lane: hold.lane, letter: hold.letter.sequence, redriven: redriven !== undefined },
      'a dead letter that held its lane is resolved',
    );
    this.deps.onReleased(hold.lane, returned);
  }

  /** A letter is redriven before it is deleted: when it is gone, the redriven message is there. */
  async #findRedriven({ letter, subject }: Hold): Promise<ItemRef | undefined> {
    const { nats, incarnationOf, openDirect } = this.deps;
    const copy = { subject: directSubject(this.spec.name, subject), messageId: redriveMessageId(letter) };
    const sequence = await findStored(nats, 'CRM_DIRECT', copy);
    if (sequence === undefined) return undefined;
    if (incarnationOf('CRM_DIRECT') === undefined) await openDirect();
    const incarnation = incarnationOf('CRM_DIRECT');
    if (incarnation === undefined) throw new Error('CRM_DIRECT is not read yet');
    return { stream: 'CRM_DIRECT', incarnation, sequence };
  }

  #keep(hold: Hold): void {
    const others = (this.#byLane.get(hold.lane) ?? []).filter(({ ref }) => keyOf(ref) !== keyOf(hold.ref));
    this.#byLane.set(hold.lane, [...others, hold]);
    this.#show();
  }

  #letGo(hold: Hold): void {
    const others = (this.#byLane.get(hold.lane) ?? []).filter((other) => other !== hold);
    if (others.length > 0) this.#byLane.set(hold.lane, others);
    else this.#byLane.delete(hold.lane);
    this.#show();
  }

  #show(): void {
    this.#gauge.set({ consumer: nameDurable(this.spec) }, this.count);
  }
}
