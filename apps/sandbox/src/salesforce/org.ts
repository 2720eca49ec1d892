import type { Logger, Metrics } from '@crm-mesh/telemetry';
import { RequestGate } from './api/request-gate.js';
import { Sessions } from './api/sessions.js';
import { Capture } from './cdc/capture.js';
import type { CrmChange } from '../crm/crm-change.js';
import type { CrmStore } from '../crm/crm-store.js';
import type { Random } from '../crm/draw-ids.js';
import { turnKnobs } from '../hubspot/webhooks/knobs.js';
import { SalesforceKnobs } from './knobs.js';
import { SALESFORCE_DEFAULTS, type SalesforceOptions, type SalesforceSettings } from './options.js';
import { DeleteLog } from './rows/delete-log.js';
import { RecordWriter } from './rows/record-writer.js';
import { Records } from './rows/records.js';
import { Stamps } from './rows/stamps.js';
import { FieldBook } from './schema/field-book.js';

export interface OrgParts {
  store: CrmStore;
  random: Random;
  log: Logger;
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
  readonly deleteLog = new DeleteLog();
  readonly sessions: Sessions;
  readonly gate: RequestGate;
  readonly now: () => number;
  knobs: SalesforceKnobs;
  /** Known when the server listens. */
  instanceUrl = '';

  constructor(options: SalesforceOptions, { store, random, log, metrics, now }: OrgParts) {
    this.settings = { ...SALESFORCE_DEFAULTS, ...options };
    this.now = now;
    this.knobs = turnKnobs(new SalesforceKnobs(), options.knobs ?? {});
    const knobs = (): SalesforceKnobs => this.knobs;
    const { organizationId, dailyLimit } = this.settings;
    this.book = new FieldBook(this.settings);
    const stamps = new Stamps();
    this.records = new Records({
      store,
      book: this.book,
      stamps,
      organizationId,
      now,
      clockSkewMs: () => this.knobs.clockSkewMs,
    });
    this.writer = new RecordWriter({ store, book: this.book, records: this.records, knobs, random });
    this.sessions = new Sessions({ ...this.settings, now });
    const requests = metrics.counter(
      'sandbox_salesforce_requests_total',
      'Requests to the Salesforce API, by how they were received',
      ['outcome'],
    );
    this.gate = new RequestGate({
      sessions: this.sessions,
      knobs,
      random,
      dailyLimit,
      now,
      count: (outcome) => requests.inc({ outcome }),
    });
    this.capture = new Capture({
      store,
      book: this.book,
      records: this.records,
      stamps,
      deleteLog: this.deleteLog,
      knobs,
      random,
      now,
      tell: () => undefined,
    });
    log.debug('the Salesforce face is there');
  }

  tell(changes: readonly CrmChange[]): void {
    this.capture.tell(changes);
  }

  turnKnobs(turned: Partial<SalesforceKnobs>): SalesforceKnobs {
    return (this.knobs = turnKnobs(this.knobs, turned));
  }

  async stop(): Promise<void> {}
}
