import { BaseRpcContext } from '@nestjs/microservices';

/** What is known of one run, beside the event. */
export interface EventRun {
  subject: string;
  sequence: number;
  attempt: number;
  idempotencyKey: string;
  /** Made when it is asked for. */
  readonly signal: AbortSignal;
}

/** What an `@EventPattern` handler, guard, pipe or interceptor may take as `@Ctx()`. */
export class MeshContext extends BaseRpcContext<[EventRun]> {
  constructor(run: EventRun) {
    super([run]);
  }

  /** `crm.<tenant>.<connection>.<entity>.<action>.<id>` */
  get subject(): string {
    return this.#run.subject;
  }

  /** Where the event lies in its stream. */
  get sequence(): number {
    return this.#run.sequence;
  }

  /** 1 for the first run. */
  get attempt(): number {
    return this.#run.attempt;
  }

  /** The same for every attempt at this event by this consumer; hand it to systems that know idempotency keys. */
  get idempotencyKey(): string {
    return this.#run.idempotencyKey;
  }

  /** Aborts when the time is up, or when the app wants to stop; hand it to `fetch` and friends. */
  get signal(): AbortSignal {
    return this.#run.signal;
  }

  get #run(): EventRun {
    return this.getArgByIndex(0) as EventRun;
  }
}
