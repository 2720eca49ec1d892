import type { TaskHealth } from '@crm-mesh/control';
import type { NotificationDraft } from '@crm-mesh/sdk';
import type { Connection } from '../connections/connections.js';
import { abortable } from './abortable.js';
import type { CursorKey, Kept } from './cursors.js';
import { noteHeldBack, noteSuccess, type Task } from './task.js';
import type { TaskDependencies } from './task-dependencies.js';

/** Our place in a stream that a CRM pushes; kept in the store. */
export interface SubscriptionState {
  cursor?: string;
  /** When something was taken last, or when it began: what came since may be lost with the cursor. */
  takenMs: number;
  /** The last time that the cursor was refused. */
  lost?: { atMs: number; why: string };
  /** It was, and nothing was taken since. */
  isBroken?: true;
}

export interface SubscriptionOptions extends TaskDependencies {
  connection: Connection;
  /** Has a poll go over the time, or go on so long; resolves to whether the source can be polled. */
  repair(fromMs: number | undefined, untilMs: number): Promise<boolean>;
}

/** A stream that ended by itself is followed again after so long. */
const AGAIN_MS = 1_000;
/** From being followed anew on: then nothing between is missed. */
const SETTLE_MS = 60_000;

/** Follows a stream that the CRM pushes. What is taken is safe before its cursor is. */
export class Subscription implements Task {
  readonly key: CursorKey;
  readonly health: TaskHealth = { state: 'waiting', failures: 0 };
  #kept: Kept<SubscriptionState> | undefined;

  constructor(private readonly options: SubscriptionOptions) {
    const { tenant, name } = options.connection;
    this.key = { tenant, connection: name, work: 'subscription', entity: '' };
  }

  forget(): void {
    this.#kept = undefined;
  }

  async step(signal: AbortSignal): Promise<number> {
    const { connection, cursors, now } = this.options;
    const kept = (this.#kept ??= await cursors.read<SubscriptionState>(this.key));
    if (!kept.state) await this.#save({ takenMs: now() });
    // From now on nothing is missed any more.
    else if (kept.state.isBroken) await this.options.repair(undefined, now() + SETTLE_MS);
    const ending = new AbortController();
    const follower = new Follower(this, AbortSignal.any([signal, ending.signal]));
    this.health.state = 'reading';
    const { cursor } = this.#kept.state ?? {};
    try {
      const request = { ...(cursor === undefined ? {} : { cursor }), ...follower.callbacks };
      await abortable(connection.source.subscribe!(request, connection.contextFor('live')), signal);
    } finally {
      // A source that goes on after its end, or beside its successor, stores nothing.
      ending.abort();
      await follower.healed;
    }
    return now() + AGAIN_MS;
  }

  /** @internal */
  async take(drafts: readonly NotificationDraft[], cursor: string, signal: AbortSignal): Promise<void> {
    const { connection, pressure, publisher, counts, now } = this.options;
    const onHeld = (why: string | undefined): void => noteHeldBack(this.health, why);
    await pressure.untilLow('live', signal, onHeld);
    const proof = { origin: 'webhook', verifiedBy: 'subscription' } as const;
    const published = await publisher.publish(connection, drafts, { ...proof, signal, onHeld });
    pressure.noteStored(published);
    counts.countPage(connection, this.key, published);
    const { lost } = this.#kept?.state ?? {};
    await this.#save({ cursor, takenMs: now(), ...(lost ? { lost } : {}) });
    noteSuccess(this.health);
  }

  /** @internal The hole is written down before the cursor goes: whoever is killed between finds it lost again. */
  async heal(why: string): Promise<void> {
    const { connection, counts, now, repair } = this.options;
    const state = this.#kept?.state;
    const fromMs = state?.takenMs ?? now();
    const isPolled = await repair(fromMs, now() + SETTLE_MS);
    const name = `${connection.tenant}/${connection.name}`;
    const cure = isPolled
      ? 'A poll goes over this time by itself; what was deleted in it is found as far as the CRM can say it.'
      : `The source cannot be polled. Load it anew: mesh source backfill ${name}`;
    connection.context.log.error(
      { why, from: new Date(fromMs).toISOString(), cure },
      'the CRM lost our place in its stream',
    );
    counts.countLost(connection);
    await this.#save({ takenMs: fromMs, lost: { atMs: now(), why }, isBroken: true });
  }

  async #save(state: SubscriptionState): Promise<void> {
    this.#kept = await this.options.cursors.save(this.key, this.#kept ?? { revision: 0 }, state);
  }
}

/** One life of a subscription, as the source sees it. */
class Follower {
  /** Rejects where a hole could not be written down. */
  healed: Promise<void> = Promise.resolve();

  constructor(
    private readonly subscription: Subscription,
    private readonly signal: AbortSignal,
  ) {}

  get callbacks() {
    return {
      take: async (drafts: readonly NotificationDraft[], cursor: string): Promise<void> => {
        await this.healed;
        this.signal.throwIfAborted();
        await this.subscription.take(drafts, cursor, this.signal);
      },
      lost: (why: string): void => {
        this.healed = this.healed.then(() => this.subscription.heal(why));
        // Who waits for it is told.
        this.healed.catch(() => undefined);
      },
      signal: this.signal,
    };
  }
}
