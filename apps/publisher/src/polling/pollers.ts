import type { Nats } from '@crm-mesh/jetstream';
import type { Store } from '@crm-mesh/store';
import type { Logger, Metrics } from '@crm-mesh/telemetry';
import type { Connections } from '../connections/connections.js';
import { Backfills } from './backfills.js';
import { ConnectionRunner, hasTasks } from './connection-runner.js';
import { Cursors } from './cursors.js';
import { describeConnection, type SourceStatus } from './describe-connection.js';
import { DraftPublisher } from './draft-publisher.js';
import { PollCounts } from './poll-counts.js';
import { Pressure } from './pressure.js';

export interface PollersOptions {
  nats: Nats;
  store: Store;
  connections: Connections;
  log: Logger;
  metrics: Metrics;
  /** As leases call this process. */
  holder: string;
  /** Epoch milliseconds. */
  now(): number;
  /** Default `Math.random`. */
  random?(): number;
}

/** Reads from the CRMs, beside what they send: polls, streams that they push, backfills. */
export class Pollers {
  readonly backfills: Backfills;
  readonly #cursors: Cursors;
  readonly #runners: ConnectionRunner[];

  constructor(private readonly options: PollersOptions) {
    const { nats, store, connections, log, metrics, holder, now, random = Math.random } = options;
    const cursors = (this.#cursors = new Cursors(store));
    this.backfills = new Backfills({ nats, connections, cursors, now });
    const publisher = new DraftPublisher({ nats, log, now });
    const shared = {
      nats,
      cursors,
      publisher,
      pressure: new Pressure(nats),
      counts: new PollCounts(metrics, now),
      now,
      random,
    };
    this.#runners = connections.all.filter(hasTasks).map(
      (connection) =>
        new ConnectionRunner({
          ...shared,
          connection,
          acquireLease: (name, wish) => nats.acquireLease(name, { holder, ...wish }),
        }),
    );
  }

  start(): void {
    for (const runner of this.#runners) runner.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#runners.map((runner) => runner.stop()));
  }

  /** Of each connection: what it listens to and how far it is, as this publisher knows it. */
  status(): Promise<SourceStatus[]> {
    const { connections, holder } = this.options;
    return Promise.all(
      connections.all.map(async (connection) => {
        const runner = this.#runners.find((one) => one.connection === connection);
        const { tenant, name } = connection;
        const rows = await this.#cursors.list({ tenant, connection: name });
        return describeConnection(connection, { runner, rows, holder });
      }),
    );
  }
}
