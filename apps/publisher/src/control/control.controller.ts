import { MeshError } from '@crm-mesh/contract';
import type { ConsumerStatus, RedriveResult } from '@crm-mesh/delivery';
import type { Ledger } from '@crm-mesh/ledger';
import { Controller, Inject } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { IsArray, IsIn, IsInt, IsNotEmpty, IsString, Min, ArrayMaxSize } from 'class-validator';
import type { ConnectionCounts, Connections } from '../connections/connections.js';
import type { Outbox, OutboxFill } from '../outbox/outbox.js';
import { readSnapshot, SnapshotCommand, type SnapshotAnswer } from './snapshot.js';
import { NORMALISER, type Normaliser } from '../normaliser/normaliser.js';

export const CONTROL_OPTIONS = Symbol('control options');

export interface ControlOptions {
  connections: Connections;
  normaliser: Normaliser;
  ledger: Ledger;
  outbox: Outbox;
  version: string;
  url(): string;
}

export interface PublisherStatus {
  app: 'publisher';
  version: string;
  uptimeMs: number;
  url: string;
  connections: ({ tenant: string; name: string; source: string } & ConnectionCounts)[];
  consumers: ConsumerStatus[];
  normaliser: {
    leading: boolean;
    normalised: number;
    published: number;
    dropped: Record<string, number>;
    echoes: number;
    again: number;
  };
  ledger: { position: number; records: number };
  /** Answered 2xx, and not yet in CRM_RAW. */
  outbox: OutboxFill;
}

export class RedriveCommand {
  @IsIn([NORMALISER], { message: 'consumer: the publisher runs none but the normaliser' })
  consumer!: string;

  @IsArray()
  @ArrayMaxSize(10_000)
  @IsInt({ each: true })
  @Min(1, { each: true })
  sequences!: number[];

  @IsString()
  @IsNotEmpty()
  by!: string;
}

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

  @MessagePattern('snapshot')
  snapshot(@Payload() command: SnapshotCommand): Promise<SnapshotAnswer> {
    if (!command) throw new MeshError('MESH_CONTROL_INVALID', 'snapshot needs upTo and after.');
    return readSnapshot(this.options.ledger, command);
  }

  @MessagePattern('redrive')
  redrive(@Payload() command: RedriveCommand): Promise<RedriveResult> {
    if (!command) throw new MeshError('MESH_CONTROL_INVALID', 'redrive needs consumer, sequences and by.');
    const { sequences, by } = command;
    return this.options.normaliser.redrive({ sequences, by });
  }
}
