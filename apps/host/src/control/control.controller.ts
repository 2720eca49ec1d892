import type { HostExplanation, HostStatus, ToldReceipt, Whereabouts } from '@crm-mesh/control';
import { Controller, Inject, ValidationPipe, type Type } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import type {
  DropResult,
  RedriveResult,
  ReplayEntry,
  ReplayProgress,
  ReplayRequest as ReplayPlan,
} from '@crm-mesh/delivery';
import { PluginHost } from '../plugins/plugin-host.js';
import { toToldReceipt } from './told-receipt.js';
import {
  DropRequest,
  ExplainRequest,
  PauseRequest,
  ReceiptsRequest,
  RedriveRequest,
  ReplayRequest,
  ReplayStepRequest,
  ResumeRequest,
  WhereaboutsRequest,
} from './requests.js';

export const HOST_FACTS = Symbol('host facts');

/** What the host knows of itself. */
export interface HostFacts {
  /** Names it to operators, and in leases. */
  host: string;
  store: 'sqlite' | 'postgres';
  version: string;
  startedAtMs: number;
  url(): string;
}

function payloadOf(expectedType: Type<unknown>): ValidationPipe {
  return new ValidationPipe({ expectedType, whitelist: true, forbidNonWhitelisted: true, transform: true });
}

/** Answers `mesh.ctl.host.<verb>`. */
@Controller()
export class ControlController {
  constructor(
    @Inject(PluginHost) private readonly host: PluginHost,
    @Inject(HOST_FACTS) private readonly facts: HostFacts,
  ) {}

  @MessagePattern('status')
  status(): HostStatus {
    const { host, store, version, startedAtMs } = this.facts;
    const uptimeMs = Date.now() - startedAtMs;
    return {
      app: 'host',
      host,
      store,
      version,
      uptimeMs,
      url: this.facts.url(),
      pluginFolders: this.host.folders,
      plugins: this.host.status(),
    };
  }

  @MessagePattern('pause')
  async pause(@Payload(payloadOf(PauseRequest)) { name, forMs }: PauseRequest): Promise<{ paused: string }> {
    await this.host.pause(name, forMs);
    return { paused: name };
  }

  @MessagePattern('resume')
  async resume(@Payload(payloadOf(ResumeRequest)) { name }: ResumeRequest): Promise<{ resumed: string }> {
    await this.host.resume(name);
    return { resumed: name };
  }

  @MessagePattern('redrive')
  redrive(@Payload(payloadOf(RedriveRequest)) request: RedriveRequest): Promise<RedriveResult> {
    return this.host.redrive(request);
  }

  @MessagePattern('drop')
  drop(@Payload(payloadOf(DropRequest)) request: DropRequest): Promise<DropResult> {
    return this.host.drop(request);
  }

  @MessagePattern('replay')
  replay(@Payload(payloadOf(ReplayRequest)) request: ReplayRequest): Promise<ReplayEntry> {
    return this.host.beginReplay(request as ReplayPlan);
  }

  @MessagePattern('replay-step')
  goOnReplaying(@Payload(payloadOf(ReplayStepRequest)) step: ReplayStepRequest): Promise<ReplayProgress> {
    return this.host.goOnReplaying(step);
  }

  /** Each host says what it knows: ask all of them. */
  @MessagePattern('whereabouts')
  whereabouts(@Payload(payloadOf(WhereaboutsRequest)) question: WhereaboutsRequest): Promise<Whereabouts> {
    return this.host.findWhereabouts(question);
  }

  @MessagePattern('receipts')
  async receipts(@Payload(payloadOf(ReceiptsRequest)) query: ReceiptsRequest): Promise<{ receipts: ToldReceipt[] }> {
    return { receipts: (await this.host.listReceipts(query)).map(toToldReceipt) };
  }

  /** Each host says what it knows: ask all of them. */
  @MessagePattern('explain')
  async explain(@Payload(payloadOf(ExplainRequest)) question: ExplainRequest): Promise<HostExplanation> {
    return { host: this.facts.host, plugins: await this.host.explain(question) };
  }
}
