import { setTimeout as pauseFor } from 'node:timers/promises';
import { MeshError, type MeshErrorCode } from '@crm-mesh/contract';
import { DELIVERY_MIGRATIONS, Quarantine, type ConsumerStatus } from '@crm-mesh/delivery';
import { connectNats, type Nats } from '@crm-mesh/jetstream';
import { choosePolicy, logOutcome, RunningPlugin } from '@crm-mesh/plugin-consumer';
import { openStore, type Store } from '@crm-mesh/store';
import type { Logger, Metrics } from '@crm-mesh/telemetry';
import { openHandlers } from './event-code.js';
import type { EventConsumer } from './event-handlers.js';
import type { MeshOptions } from './mesh-options.js';

/** What waits for something outside of the app is tried again after this. */
const RETRY_MS = 2_000;
const WAITS: readonly MeshErrorCode[] = ['MESH_NATS_UNAVAILABLE', 'MESH_NATS_NO_ANSWER', 'MESH_STREAM_MISSING'];

export interface MeshSideOptions extends MeshOptions {
  log: Logger;
  metrics: Metrics;
  /** Called when NATS is there, before anything is consumed. */
  onConnected(nats: Nats): void;
}

/** All of an app that needs NATS: opened when it is there, closed with the app. */
export class MeshSide {
  readonly #stopping = new AbortController();
  readonly #running: RunningPlugin[] = [];
  #nats: Nats | undefined;
  #store: Store | undefined;
  #problem = 'NATS is not connected yet';
  #insists = false;
  #opening: Promise<void> | undefined;

  constructor(
    private readonly consumers: readonly EventConsumer[],
    private readonly options: MeshSideOptions,
  ) {}

  /** Resolves when everything runs, or when it is closed. Rejects where waiting would not help, until `insist` is called. */
  open(): Promise<void> {
    this.#opening = this.#openAll();
    return this.#opening;
  }

  /** From now on everything is tried again: nobody is there any more to be told. */
  insist(): void {
    this.#insists = true;
  }

  /** Undefined when all is as it should be. */
  whyNotReady(): string | undefined {
    if (this.#problem !== '') return this.#problem;
    return this.#nats?.connected ? undefined : 'NATS is not connected';
  }

  status(): ConsumerStatus[] {
    return this.#running.flatMap(({ consumers }) => consumers.map((consumer) => consumer.status()));
  }

  /** Running handlers end, the rest goes back to the server; durables stay. */
  async stopConsuming(): Promise<void> {
    this.#stopping.abort();
    await this.#opening?.catch(() => undefined);
    await this.#stopConsuming();
  }

  async close(): Promise<void> {
    await this.stopConsuming();
    await this.#nats?.close();
    await this.#store?.close();
  }

  async #openAll(): Promise<void> {
    const { store } = this.options;
    if (this.consumers.length > 0) this.#store = await openStore({ url: store!, migrations: DELIVERY_MIGRATIONS });
    while (!this.#stopping.signal.aborted) {
      try {
        await this.#openOnce();
        this.#problem = '';
        return;
      } catch (error) {
        await this.#stopConsuming();
        if (this.#stopping.signal.aborted) return;
        if (!this.#insists && !isWaitedFor(error)) throw error;
        await this.#pauseAfter(error);
      }
    }
  }

  async #openOnce(): Promise<void> {
    if (!this.#nats) {
      const { app, nats, log } = this.options;
      this.#nats = await connectNats({ name: `crm-mesh ${app}`, ...nats, log, signal: this.#stopping.signal });
      this.options.onConnected(this.#nats);
    }
    await this.#consume();
  }

  async #pauseAfter(failure: unknown): Promise<void> {
    const {
      code,
      what: reason,
      cure,
    }: Partial<MeshError> = failure instanceof MeshError ? failure : { what: String(failure) };
    this.#problem = reason ?? 'unknown';
    this.options.log.error({ code, reason, cure }, 'the app cannot consume yet; trying again');
    await pauseFor(RETRY_MS, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }

  async #consume(): Promise<void> {
    const { app, version = '0.0.0', log, metrics } = this.options;
    const deps = {
      ...{ nats: this.#nats!, store: this.#store!, log, metrics, quarantine: new Quarantine() },
      onSettled: logOutcome.bind(undefined, log),
    };
    for (const consumer of this.consumers) {
      if (this.#stopping.signal.aborted) return;
      const code = openHandlers(consumer, app);
      const policy = choosePolicy(consumer.delivery);
      const parts = { code, version, policy, log: log.child({ consumer: consumer.name }) };
      const running = new RunningPlugin(parts, deps);
      await running.prepare();
      this.#running.push(running);
      await running.startConsuming();
    }
  }

  async #stopConsuming(): Promise<void> {
    await Promise.all(
      this.#running.splice(0).map((running) => running.stopConsuming({ graceMs: this.options.graceMs })),
    );
  }
}

function isWaitedFor(error: unknown): boolean {
  return error instanceof MeshError && WAITS.includes(error.code);
}
