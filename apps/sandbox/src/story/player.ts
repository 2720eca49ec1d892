import type { Logger } from '@crm-mesh/telemetry';
import { CrmError } from '../crm/crm-error.js';
import type { CrmStore } from '../crm/crm-store.js';
import type { Random } from '../crm/draw-ids.js';
import type { CrmOperation } from './operation.js';
import { NameBook, runOperation } from './run-operation.js';
import { SmallCompany } from './small-company.js';

export interface PlayerOptions {
  store: CrmStore;
  seed: number;
  random: Random;
  log: Logger;
}

export interface PlayState {
  running: boolean;
  eventsPerMinute: number;
  /** What was done since the start of the sandbox; one is one event or two. */
  steps: number;
}

const FIRST_COMPANIES = 3;

/** Lets the small company live, for ever. */
export class Player {
  private readonly company: SmallCompany;
  private readonly names = new NameBook();
  private timer: NodeJS.Timeout | undefined;
  private eventsPerMinute = 0;
  private steps = 0;

  constructor(private readonly options: PlayerOptions) {
    this.company = new SmallCompany(options.seed, '');
  }

  get state(): PlayState {
    return { running: this.timer !== undefined, eventsPerMinute: this.eventsPerMinute, steps: this.steps };
  }

  /** Goes on where it was; also changes the speed. */
  start(eventsPerMinute: number): void {
    this.stop();
    this.eventsPerMinute = eventsPerMinute;
    if (this.steps === 0) this.run([...this.company.found(FIRST_COMPANIES), ...this.company.addDeal()]);
    this.plan();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.eventsPerMinute = 0;
  }

  /** Irregularly, as people work. */
  private plan(): void {
    const delayMs = (60_000 / this.eventsPerMinute) * (0.5 + this.options.random());
    this.timer = setTimeout(() => {
      this.run(this.company.next());
      this.plan();
    }, delayMs);
  }

  /** A record that a client of the API has archived meanwhile is no reason to stop living. */
  private run(operations: readonly CrmOperation[]): void {
    this.steps += 1;
    for (const operation of operations) {
      try {
        runOperation(this.options.store, this.names, operation);
      } catch (error) {
        if (!(error instanceof CrmError)) throw error;
        this.options.log.debug(
          { operation: operation.do, category: error.category },
          'a step of the story was not possible',
        );
      }
    }
  }
}
