import type { Metrics } from '@crm-mesh/telemetry';
import { RequestGate, type RequestGateOptions } from './api/request-gate.js';
import { Sessions } from './api/sessions.js';
import { Capture } from './cdc/capture.js';
import type { ChangeEvent } from './cdc/change-event.js';
import { EventCodec } from './cdc/event-codec.js';
import { EventFeed } from './cdc/event-feed.js';
import { EventStream } from './cdc/event-stream.js';
import { PubsubServer } from './cdc/pubsub-server.js';
import type { CrmChange } from '../crm/crm-change.js';
import type { CrmStore } from '../crm/crm-store.js';
import type { Random } from '../crm/draw-ids.js';
import { turnKnobs } from '../hubspot/webhooks/knobs.js';
import { SalesforceKnobs } from './knobs.js';
import { SALESFORCE_DEFAULTS, type SalesforceOptions, type SalesforceSettings } from './options.js';
import { OutboundSender, type OutboundCounts } from './outbound/outbound-sender.js';
import { DeleteLog } from './rows/delete-log.js';
import { RecordWriter } from './rows/record-writer.js';
import { Records } from './rows/records.js';
import { Stamps } from './rows/stamps.js';
import { FieldBook } from './schema/field-book.js';

export interface SalesforceState {
  outbound: OutboundCounts;
  /** Of the last 24 hours. */
  requests: number;
  /** Change events that can be replayed. */
  events: number;
}

export interface OrgParts {
  store: CrmStore;
  random: Random;
  metrics: Metrics;
  /** Epoch milliseconds. */
  now(): number;
}

/** The parts of one simulated Salesforce org, over the same records as the portal's. */
export class SalesforceOrg {
  readonly settings: SalesforceSettings;
  readonly book: FieldBook;
  readonly records: Records;
  readonly writer: RecordWriter;
  readonly capture: Capture;
  readonly stream: EventStream;
  readonly feed: EventFeed;
  readonly pubsub: PubsubServer;
  readonly outbound: OutboundSender;
  readonly deleteLog = new DeleteLog();
  readonly sessions: Sessions;
  readonly gate: RequestGate;
  readonly now: () => number;
  knobs: SalesforceKnobs;
  /** Known when the server listens. */
  instanceUrl = '';

  constructor(options: SalesforceOptions, { store, random, metrics, now }: OrgParts) {
    this.settings = { ...SALESFORCE_DEFAULTS, ...options };
    this.now = now;
    this.knobs = turnKnobs(new SalesforceKnobs(), options.knobs ?? {});
    this.book = new FieldBook(this.settings);
    const common = {
      ...{ store, random, now, stamps: new Stamps(), book: this.book, deleteLog: this.deleteLog },
      organizationId: this.settings.organizationId,
      knobs: () => this.knobs,
      clockSkewMs: () => this.knobs.clockSkewMs,
    };
    this.sessions = new Sessions({ ...this.settings, now });
    this.gate = this.createGate(common, metrics);
    this.records = new Records(common);
    this.writer = new RecordWriter({ ...common, records: this.records });
    const codec = new EventCodec(this.book);
    this.stream = new EventStream(common);
    this.feed = new EventFeed({ ...common, codec, stream: this.stream });
    const isValidToken = (token: string): boolean => this.sessions.isValid(token);
    this.pubsub = new PubsubServer({ ...common, codec, stream: this.stream, isValidToken });
    this.outbound = new OutboundSender({ ...common, records: this.records, instanceUrl: () => this.instanceUrl });
    const tell = (events: readonly ChangeEvent[]): void => {
      this.feed.send(events);
      this.outbound.send(events);
    };
    this.capture = new Capture({ ...common, records: this.records, tell });
  }

  tell(changes: readonly CrmChange[]): void {
    this.capture.tell(changes);
  }

  turnKnobs(turned: Partial<SalesforceKnobs>): SalesforceKnobs {
    this.knobs = turnKnobs(this.knobs, turned);
    this.outbound.review();
    return this.knobs;
  }

  readState(): SalesforceState {
    return { outbound: { ...this.outbound.counts }, requests: this.gate.used, events: this.stream.size };
  }

  async stop(): Promise<void> {
    this.feed.stop();
    this.outbound.stop();
    await this.pubsub.stop();
  }

  private createGate(common: Pick<RequestGateOptions, 'knobs' | 'random' | 'now'>, metrics: Metrics): RequestGate {
    const requests = metrics.counter(
      'sandbox_salesforce_requests_total',
      'Requests to the Salesforce API, by how they were received',
      ['outcome'],
    );
    const { sessions } = this;
    const { dailyLimit } = this.settings;
    return new RequestGate({ ...common, sessions, dailyLimit, count: (outcome) => requests.inc({ outcome }) });
  }
}
