import { deadSubject, directSubject, eventFilter, parseEventSubject } from '@crm-mesh/contract';
import type { Nats } from '@crm-mesh/jetstream';
import type { Logger } from '@crm-mesh/telemetry';
import { publishAudit } from './audit.js';
import type { ConsumerSpec } from './consumer-spec.js';
import type { DeadLetter } from './dead-letter.js';
import type { Held } from './lane.js';
import { nameDurable } from './partition.js';
import { isRepair, readCopyMark } from './redriven-copy.js';

interface SupersedingOptions {
  nats: Nats;
  log: Logger;
  now(): number;
}

/** Undefined where a ledger knows what is old: in the normaliser. */
export function openSuperseding(spec: ConsumerSpec, options: SupersedingOptions): Superseding | undefined {
  return spec.stream === 'CRM_EVENTS' ? new Superseding(spec, options) : undefined;
}

type OriginalEvent = Pick<DeadLetter['original'], 'stream' | 'incarnation' | 'subject' | 'sequence'>;

/**
 * Finds the newer event of a record that makes an older one pointless: one that the consumer wants and was given. What
 * it was given is done by the time that a copy runs, which stands behind it in the lane; unless it is a dead letter
 * itself, or a copy that stands behind.
 */
export class Superseding {
  constructor(
    private readonly spec: Pick<ConsumerSpec, 'name' | 'accepts' | 'skips' | 'partition' | 'policy'>,
    private readonly options: SupersedingOptions,
  ) {}

  /** As {@link findNewer}, for what is redriven: never where a record's events are not in order, or none may be passed over. */
  async findNewerThanRedriven(original: OriginalEvent, place?: number): Promise<number | undefined> {
    return this.spec.policy.order === 'record' ? this.findNewer(original, place) : undefined;
  }

  /** Sequence of the newest such event; undefined when there is none. `place`: of the copy in CRM_DIRECT; default: behind all. */
  private async findNewer(original: OriginalEvent, place = Number.POSITIVE_INFINITY): Promise<number | undefined> {
    const { nats } = this.options;
    const key = original.stream === 'CRM_EVENTS' ? parseEventSubject(original.subject) : undefined;
    if (!key) return undefined;
    const { tenant, connection, entity, id } = key;
    const filterSubject = eventFilter({ tenant, connection, entity, id });
    const last = await nats.getLastMessage('CRM_EVENTS', filterSubject);
    if (last === undefined || last.sequence <= original.sequence) return undefined;
    const { incarnation } = await nats.streamState('CRM_EVENTS');
    if (incarnation !== original.incarnation) return undefined;
    const given = (await nats.durableState('CRM_EVENTS', nameDurable(this.spec)))?.deliveredSequence ?? 0;
    const newer = await this.listWanted(filterSubject, original.sequence + 1, given);
    if (newer.length === 0) return undefined;
    // In this order: a redrive makes the copy before it deletes the dead letter.
    const open = await this.listDead(filterSubject);
    const behind = await this.listCopies(filterSubject, place + 1);
    return newer.findLast((sequence) => !open.has(sequence) && !behind.has(sequence));
  }

  /** Of a copy whose turn has come: what was newer may have come after it was redriven. Leaves a receipt in CRM_AUDIT. */
  async isSuperseded({ item, ref, message }: Held): Promise<boolean> {
    const mark = readCopyMark(message);
    if (!mark) return false;
    const { subject } = item;
    const { stream, sequence } = mark;
    const original = { ...mark, subject };
    // A replay tells all that was, in its order.
    if (!isRepair(mark) && (mark.again || mark.run !== undefined)) return false;
    const newer = await (isRepair(mark)
      ? this.findNewer(original, ref.sequence)
      : this.findNewerThanRedriven(original, ref.sequence));
    if (newer === undefined) return false;
    const { nats, log, now } = this.options;
    const consumer = this.spec.name;
    await publishAudit(nats, {
      ...{ id: `superseded:${consumer}:${ref.incarnation}:${ref.sequence}`, at: new Date(now()).toISOString() },
      ...{ by: mark.by, did: 'superseded', consumer, original: { stream, sequence, subject }, newer },
    });
    log.info({ consumer, subject, sequence, newer }, 'a copy is skipped: a newer event of its record was there');
    return true;
  }

  private async listWanted(filterSubject: string, fromSequence: number, toSequence: number): Promise<number[]> {
    const found: number[] = [];
    const range = { filterSubject, fromSequence, toSequence };
    const { accepts, skips } = this.spec;
    for await (const { subject, sequence, data } of this.options.nats.readStream('CRM_EVENTS', range)) {
      if ((accepts?.(subject) ?? true) && !skips?.(data)) found.push(sequence);
    }
    return found;
  }

  private async listDead(recordFilter: string): Promise<Set<number>> {
    const { nats } = this.options;
    const consumer = this.spec.name;
    const open = new Set<number>();
    const filterSubject = deadSubject(consumer, recordFilter);
    for await (const { data } of nats.readStream('CRM_DEAD', { fromSequence: 1, filterSubject })) {
      const { original } = JSON.parse(Buffer.from(data).toString('utf8')) as DeadLetter;
      if (original.stream === 'CRM_EVENTS') open.add(original.sequence);
    }
    return open;
  }

  private async listCopies(recordFilter: string, fromSequence: number): Promise<Set<number>> {
    const { nats } = this.options;
    const consumer = this.spec.name;
    const behind = new Set<number>();
    if (!Number.isFinite(fromSequence)) return behind;
    const filterSubject = directSubject(consumer, recordFilter);
    for await (const message of nats.readStream('CRM_DIRECT', { fromSequence, filterSubject })) {
      const mark = readCopyMark(message);
      if (mark?.stream === 'CRM_EVENTS') behind.add(mark.sequence);
    }
    return behind;
  }
}
