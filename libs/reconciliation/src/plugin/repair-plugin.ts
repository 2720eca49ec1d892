import { directSubject, isEventPattern, type EventPattern } from '@crm-mesh/contract';
import {
  DEFAULT_POLICY,
  describeHeaders,
  ensureDirectDurable,
  findStored,
  readPartition,
  REPAIR,
  toAuditMessage,
  type RepairEntry,
} from '@crm-mesh/delivery';
import type { Nats, OutgoingMessage } from '@crm-mesh/jetstream';
import type { LedgerEntry } from '@crm-mesh/ledger';
import type { Repairer, RepairOutcome } from '../comparison.js';
import type { Mismatch } from '../mismatch.js';
import type { AskConsumer } from './ask-consumer.js';
import type { LedgerReader } from './ledger-side.js';
import { describeRepair } from './repair-event.js';

export interface PluginRepairerOptions {
  nats: Nats;
  consumer: string;
  ask: AskConsumer;
  ledger: Pick<LedgerReader, 'getMany'>;
  /** Default `Date.now`. */
  now?: () => number;
}

type RepairRun = Parameters<Repairer['repair']>[1];

/** What was sent to a consumer, and why. */
export interface PluginRepairEntry extends RepairEntry {
  kind: Mismatch['kind'];
  version: number;
  /** Of the record's newest event, whose state was sent, in CRM_EVENTS. */
  sequence: number;
}

/**
 * Sends records to one consumer alone, through CRM_DIRECT, as the ledger has them now. A repair is a copy of the record's
 * newest event: no inbox holds it back, and the engine skips it when something newer was there before its turn.
 */
export function repairPlugin(options: PluginRepairerOptions): Repairer {
  const repairer = new PluginRepairer(options);
  return { repair: (mismatch, run) => repairer.repair(mismatch, run) };
}

class PluginRepairer {
  private events: Promise<readonly EventPattern[]> | undefined;

  constructor(private readonly options: PluginRepairerOptions) {}

  async repair(mismatch: Mismatch, run: RepairRun): Promise<RepairOutcome> {
    // Which of several it is to keep, the consumer alone can know.
    if (mismatch.kind === 'duplicate') return 'impossible';
    const [entry] = await this.options.ledger.getMany([mismatch.record]);
    if (!entry) return 'impossible';
    if (mismatch.sequence !== undefined && entry.sequence > mismatch.sequence) return 'overtaken';
    const cause = `${REPAIR}${run.run}`;
    const repair = describeRepair(entry, { kind: mismatch.kind, events: await this.listEvents(), cause });
    if (!repair) return 'impossible';
    const { nats, consumer } = this.options;
    const id = `${cause}:${consumer}:${repair.event.id}`;
    const audit = this.describeAudit(mismatch, entry, { id, run });
    // What lies in CRM_DIRECT may be trimmed once it is settled; the entry stays.
    if (await findStored(nats, 'CRM_AUDIT', audit)) return 'sent';
    const payload = JSON.stringify(repair.event);
    const subject = directSubject(consumer, repair.subject);
    const headers = await this.describeCopy(entry, { by: run.by, run: cause });
    if (!(await findStored(nats, 'CRM_DIRECT', { subject, messageId: id })))
      await nats.publish({ subject, payload, messageId: id, headers });
    await nats.publish(audit);
    return 'sent';
  }

  /** Also makes the way by which it comes. */
  private listEvents(): Promise<readonly EventPattern[]> {
    this.events ??= this.prepare().catch((error: unknown) => {
      this.events = undefined;
      throw error;
    });
    return this.events;
  }

  private async prepare(): Promise<readonly EventPattern[]> {
    const { nats, consumer: name, ask } = this.options;
    const [live] = (await nats.listDurables('CRM_EVENTS')).filter((each) => readPartition(each.name, name));
    const direct = (await nats.listDurables('CRM_DIRECT')).some((each) => readPartition(each.name, name));
    const { ackWaitMs, maxAckPending } = live ?? DEFAULT_POLICY;
    const metadata = live?.metadata ?? {};
    const description = `crm-mesh plugin ${name}`;
    if (!direct) await ensureDirectDurable(nats, { name, description, ackWaitMs, maxAckPending, metadata });
    const { events } = await ask({ ask: 'holdings' });
    const told = events ?? metadata['events']?.split(', ') ?? ['*'];
    return told.filter(isEventPattern);
  }

  private async describeCopy(
    { sequence, modifiedAtMs }: LedgerEntry,
    asked: { by: string; run: string },
  ): Promise<Record<string, string>> {
    const { nats } = this.options;
    const { incarnation } = await nats.streamState('CRM_EVENTS');
    const original = sequence > 0 ? await nats.getMessage('CRM_EVENTS', sequence) : undefined;
    const storedAt = new Date(original?.storedAtMs ?? modifiedAtMs).toISOString();
    return describeHeaders({ stream: 'CRM_EVENTS', incarnation, sequence, storedAt }, { ...asked, again: true });
  }

  private describeAudit(
    { record, kind }: Mismatch,
    { version, sequence }: LedgerEntry,
    { id, run }: { id: string; run: RepairRun },
  ): OutgoingMessage {
    const { consumer, now = Date.now } = this.options;
    const at = new Date(now()).toISOString();
    const entry: PluginRepairEntry = {
      ...{ id, at, by: run.by, did: 'repair', consumer, run: run.run, label: run.label },
      ...{ record, kind, version, sequence },
    };
    return toAuditMessage(entry);
  }
}
