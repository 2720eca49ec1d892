import { MeshError } from '@crm-mesh/contract';
import type { BackfillState, PublisherStatus, RecordHistory, RetellAnswer, SourceStatus } from '@crm-mesh/control';
import type { DropResult, RedriveResult } from '@crm-mesh/delivery';
import { Controller, Inject } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import type { RebuildState } from '@crm-mesh/ledger';
import { explainRecord } from '../explain/explain-record.js';
import { listLeftOut } from '../schema/left-out.js';
import { retellUnread } from '../schema/retell.js';
import {
  BackfillCommand,
  CancelBackfillCommand,
  DropCommand,
  ExplainQuestion,
  LedgerRebuildCommand,
  RedriveCommand,
  RetellCommand,
} from './commands.js';
import { CONTROL_OPTIONS, type ControlOptions } from './control-options.js';
import { readSnapshot, SnapshotCommand, type SnapshotAnswer, type SnapshotPart } from './snapshot.js';

/** `mesh.ctl.publisher.<verb>`. */
@Controller()
export class ControlController {
  readonly #startedAtMs = performance.now();

  constructor(@Inject(CONTROL_OPTIONS) private readonly options: ControlOptions) {}

  @MessagePattern('status')
  status(): PublisherStatus {
    const { connections, normaliser, ledger, outbox, version, url } = this.options;
    const { counts, leading } = normaliser;
    const { normalised, published, dropped, echoes, again } = counts;
    const consumer = normaliser.consumerStatus();
    return {
      app: 'publisher',
      version,
      uptimeMs: Math.round(performance.now() - this.#startedAtMs),
      url: url(),
      connections: connections.all.map(({ tenant, name, source, counts: counted }) => ({
        tenant,
        name,
        source: source.name,
        ...counted,
      })),
      consumers: consumer ? [consumer] : [],
      normaliser: { leading, normalised, published, dropped, echoes, again },
      ledger: { position: ledger.position, records: ledger.records },
      outbox: outbox.fill,
    };
  }

  /** Each publisher knows its own part: ask all of them. */
  @MessagePattern('sources')
  async sources(): Promise<SourceStatus[]> {
    this.options.normaliser.counts.webhooks.sweep();
    const [statuses, counts] = await Promise.all([this.options.pollers.status(), this.options.ledger.countUnread()]);
    return statuses.map((status) => ({ ...status, unread: listLeftOut(counts, status) }));
  }

  /** Page by page. */
  @MessagePattern('retell')
  retell(@Payload() command: RetellCommand): Promise<RetellAnswer> {
    if (!command) throw new MeshError('MESH_CONTROL_INVALID', 'retell needs tenant, connection and by.');
    return retellUnread(this.options, command);
  }

  @MessagePattern('backfill')
  backfill(@Payload() command: BackfillCommand): Promise<BackfillState> {
    if (!command) throw new MeshError('MESH_CONTROL_INVALID', 'backfill needs tenant, connection and by.');
    return this.options.pollers.backfills.begin(command);
  }

  /** Resolves to null where none runs. */
  @MessagePattern('backfill-cancel')
  async cancelBackfill(@Payload() command: CancelBackfillCommand): Promise<BackfillState | null> {
    if (!command) throw new MeshError('MESH_CONTROL_INVALID', 'backfill-cancel needs tenant and connection.');
    return (await this.options.pollers.backfills.cancel(command.tenant, command.connection)) ?? null;
  }

  @MessagePattern('snapshot')
  snapshot(@Payload() command: SnapshotCommand): Promise<SnapshotAnswer | SnapshotPart> {
    if (!command) throw new MeshError('MESH_CONTROL_INVALID', 'snapshot needs upTo and after.');
    const { ledger, nats } = this.options;
    return readSnapshot(ledger, command, nats.maxPayloadBytes);
  }

  /** Where one with the same goal runs, that is it. */
  @MessagePattern('ledger-rebuild')
  rebuildLedger(@Payload() command: LedgerRebuildCommand): Promise<RebuildState> {
    if (!command) throw new MeshError('MESH_CONTROL_INVALID', 'ledger-rebuild needs goal and by.');
    return this.options.rebuilder.begin(command);
  }

  /** The last one, or the one that runs; null where there was none. */
  @MessagePattern('ledger-rebuild-status')
  async readRebuild(): Promise<RebuildState | null> {
    return (await this.options.rebuilder.read()) ?? null;
  }

  /** Resolves to null where none runs. */
  @MessagePattern('ledger-rebuild-cancel')
  async cancelRebuild(): Promise<RebuildState | null> {
    return (await this.options.rebuilder.cancel()) ?? null;
  }

  @MessagePattern('explain')
  explain(@Payload() question: ExplainQuestion): Promise<RecordHistory> {
    if (!question) throw new MeshError('MESH_CONTROL_INVALID', 'explain needs record.');
    return explainRecord(question, { ...this.options, connections: this.options.connections.all });
  }

  @MessagePattern('redrive')
  redrive(@Payload() command: RedriveCommand): Promise<RedriveResult> {
    if (!command) throw new MeshError('MESH_CONTROL_INVALID', 'redrive needs consumer, sequences and by.');
    return this.options.normaliser.redrive(command);
  }

  @MessagePattern('drop')
  drop(@Payload() command: DropCommand): Promise<DropResult> {
    if (!command) throw new MeshError('MESH_CONTROL_INVALID', 'drop needs consumer, sequences and by.');
    return this.options.normaliser.drop(command);
  }
}
