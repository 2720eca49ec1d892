import 'reflect-metadata';
import { createLogger, createMetrics, NestLogger, type Logger } from '@crm-mesh/telemetry';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { HubspotErrorFilter } from './hubspot/api/hubspot-error.filter.js';
import type { CrmStore } from './crm/crm-store.js';
import { DEFAULTS, Sandbox, type PortalOptions, type SandboxState } from './sandbox.js';
import type { SalesforceOptions } from './salesforce/options.js';
import { startSalesforce, type RunningSalesforce } from './salesforce/start-salesforce.js';
import type { PipedriveCompany } from './pipedrive/company.js';
import { SandboxModule } from './sandbox.module.js';
import type { ScenarioRequest, ScenarioResult } from './story/scenario-runner.js';
import type { ReceivedPosts } from './receiver/received-posts.js';
import type { Knobs } from './hubspot/webhooks/knobs.js';
import type { Target, WebhookSender } from './hubspot/webhooks/webhook-sender.js';

export { UI_ACTOR } from './crm/owners.js';
export type { RunningSalesforce, SalesforceOptions };
export type { CrmStore, Knobs, PortalOptions, SandboxState, ScenarioRequest, ScenarioResult, Target };

export interface SandboxOptions extends PortalOptions {
  /** Default 127.0.0.1. */
  host?: string;
  /** Default 0: a free one. */
  port?: number;
  /** Let the small company live from the start. */
  eventsPerMinute?: number;
  log?: Logger;
}

export interface RunningSandbox {
  url: string;
  clientSecret: string;
  accessToken: string;
  /** The records; who changes them here does it as a person or an app of their choice. */
  crm: CrmStore;
  /** `whenSettled()`, counts, deliveries. */
  webhooks: WebhookSender;
  /** What plugins posted to `/receiver`. */
  received: ReceivedPosts;
  /** There when it was asked for. */
  salesforce?: RunningSalesforce;
  pipedrive?: PipedriveCompany;
  setTarget(target: Target): void;
  turnKnobs(turned: Partial<Knobs>): Knobs;
  playScenario(request?: ScenarioRequest): Promise<ScenarioResult>;
  /** 0 stops it. */
  play(eventsPerMinute: number): void;
  readState(): SandboxState;
  /** Ends what is under way; undelivered webhooks are forgotten with all else. */
  stop(): Promise<void>;
}

export async function startSandbox(options: SandboxOptions = {}): Promise<RunningSandbox> {
  const log = options.log ?? createLogger({ app: 'sandbox' });
  const metrics = createMetrics({ app: 'sandbox' });
  const sandbox = new Sandbox(options, { log, metrics });
  const app = await createApp(SandboxModule.register(sandbox, metrics), log);
  await app.listen(options.port ?? 0, options.host ?? '127.0.0.1');
  const url = await app.getUrl();
  const salesforce = sandbox.salesforce && (await startSalesforce(sandbox.salesforce, { url, host: options.host }));
  if (options.eventsPerMinute) sandbox.player.start(options.eventsPerMinute);
  log.info({ url }, 'ready');
  return {
    url,
    clientSecret: options.clientSecret ?? DEFAULTS.clientSecret,
    accessToken: options.accessToken ?? DEFAULTS.accessToken,
    crm: sandbox.store,
    webhooks: sandbox.sender,
    received: sandbox.received,
    ...(salesforce && { salesforce }),
    ...(sandbox.pipedrive && { pipedrive: sandbox.pipedrive }),
    setTarget: (target) => void (sandbox.sender.target = target),
    turnKnobs: (turned) => sandbox.board.turn(turned),
    playScenario: (request = {}) => sandbox.scenarios.run(request),
    play: (eventsPerMinute) => (eventsPerMinute > 0 ? sandbox.player.start(eventsPerMinute) : sandbox.player.stop()),
    readState: () => sandbox.readState(),
    stop: () => stop(app, sandbox),
  };
}

async function createApp(
  module: ReturnType<typeof SandboxModule.register>,
  log: Logger,
): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({ routerOptions: { ignoreTrailingSlash: true }, forceCloseConnections: true });
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    logger: new NestLogger(log),
    abortOnError: false,
  });
  app.useGlobalFilters(new HubspotErrorFilter(log));
  return app;
}

async function stop(app: NestFastifyApplication, sandbox: Sandbox): Promise<void> {
  await sandbox.stop();
  await app.close();
}
