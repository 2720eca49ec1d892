import type { Logger } from '@crm-mesh/telemetry';
import type { Actor, CrmChange } from '../crm/crm-change.js';
import type { CrmStore } from '../crm/crm-store.js';
import type { Random } from '../crm/draw-ids.js';
import { turnKnobs } from '../hubspot/webhooks/knobs.js';
import { DEFAULT_LIMITS, LimitCounter } from './api/limits.js';
import { PipedriveTokens } from './api/tokens.js';
import { PipedriveKnobs } from './knobs.js';
import { PIPEDRIVE_DEFAULTS, type PipedriveOptions, type PipedriveSettings } from './options.js';
import { Activities } from './records/activities.js';
import { RecordBook } from './records/book.js';
import { Registrations } from './webhooks/registrations.js';
import { PipedriveSender } from './webhooks/sender.js';
import { StatementMaker } from './webhooks/statements.js';

export interface CompanyParts {
  store: CrmStore;
  random: Random;
  log: Logger;
  /** Epoch milliseconds. */
  now(): number;
}

/** The parts of one simulated Pipedrive company, over the same records as the portal's. */
export class PipedriveCompany {
  readonly settings: PipedriveSettings;
  readonly random: Random;
  readonly book: RecordBook;
  readonly activities: Activities;
  readonly tokens: PipedriveTokens;
  readonly limits: LimitCounter;
  readonly registrations: Registrations;
  readonly sender: PipedriveSender;
  knobs: PipedriveKnobs;
  private readonly statements: StatementMaker;

  constructor(options: PipedriveOptions, { store, random, log, now }: CompanyParts) {
    this.settings = { ...PIPEDRIVE_DEFAULTS, ...options };
    this.random = random;
    this.knobs = turnKnobs(new PipedriveKnobs(), options.knobs ?? {});
    const { companyId, userId } = this.settings;
    const skewMs = (): number => this.knobs.clockSkewMs;
    this.tokens = new PipedriveTokens(this.settings, now);
    this.limits = new LimitCounter({ ...DEFAULT_LIMITS, ...options.limits }, now);
    this.registrations = new Registrations(options.webhooks);
    const actor: Actor = { changeSource: 'INTEGRATION', sourceId: 'pipedrive', userId };
    this.activities = new Activities({
      actor,
      now,
      skewMs,
      announce: (statements) => this.sender.send(statements),
    });
    this.book = new RecordBook({
      store,
      actor,
      skewMs,
      announce: (changes) => this.sender.send(this.statements.list(changes)),
    });
    this.statements = new StatementMaker({
      find: (type, id) => store.find(type, id),
      show: (object) => this.book.show(object),
    });
    const { registrations } = this;
    this.sender = new PipedriveSender({
      registrations,
      knobs: () => this.knobs,
      random,
      now,
      log,
      companyId,
      userId,
      skewMs,
    });
  }

  tell(changes: readonly CrmChange[]): void {
    this.book.tell(changes);
  }

  turnKnobs(turned: Partial<PipedriveKnobs>): PipedriveKnobs {
    this.knobs = turnKnobs(this.knobs, turned);
    this.sender.review();
    return this.knobs;
  }

  async stop(): Promise<void> {
    await this.sender.stop();
  }
}
