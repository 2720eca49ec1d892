import { hostname } from 'node:os';
import { listStreamLimits, type LoadedConfig } from '@crm-mesh/config';
import { MeshError } from '@crm-mesh/contract';
import { connectNats, ensureStreams, type Lease, type Nats, type NatsOptions } from '@crm-mesh/jetstream';
import { Ledger } from '@crm-mesh/ledger';
import type { Store } from '@crm-mesh/store';
import type { Logger, Metrics } from '@crm-mesh/telemetry';
import type { INestMicroservice } from '@nestjs/common';
import type { Connections } from './connections/connections.js';
import { openControl } from './control/open-control.js';
import { NORMALISER, Normaliser } from './normaliser/normaliser.js';
import type { Intake } from './outbox/intake.js';
import type { Outbox } from './outbox/outbox.js';
import { Relay } from './outbox/relay.js';
import { pauseFor } from './pause-for.js';
import { Pollers } from './polling/pollers.js';
import { Rebuilder } from './rebuild/rebuilder.js';
import { listPairs } from './reconciliation/list-pairs.js';
import { openLegs } from './reconciliation/legs/open-legs.js';
import { Reconciler } from './reconciliation/run/reconciler.js';
import type { ScheduledPair } from './reconciliation/run/schedule.js';
import { SchemaWatch } from './schema/schema-watch.js';
import { RawTrimmer } from './trim/raw-trimmer.js';

export interface MeshSideOptions {
  config: LoadedConfig;
  nats: Pick<NatsOptions, 'url' | 'context' | 'credsFile'>;
  store: Store;
  connections: Connections;
  outbox: Outbox;
  intake: Intake;
  /** What is reconciled by itself. */
  scheduled: readonly ScheduledPair[];
  log: Logger;
  metrics: Metrics;
  version: string;
  keepsRanges: boolean;
  url(): string;
  now(): number;
}

const HOLDER = `${hostname()}:${process.pid}`;
const RETRY_MS = 2_000;

/** They are stopped in this order: nothing more in, then what is in hand, then what it is kept in. */
interface Parts {
  control: INestMicroservice;
  relay: Relay;
  pollers: Pollers;
  reconciler: Reconciler;
  trimmer: RawTrimmer;
  schemas: SchemaWatch;
  rebuilder: Rebuilder;
  normaliser: Normaliser;
  ledger: Ledger;
  nats: Nats;
}

/** All of the publisher that needs NATS: opened as soon as it is there, while webhooks are taken already. */
export class MeshSide {
  readonly #stopping = new AbortController();
  #opened: Partial<Parts> = {};
  #isOpen = false;
  #ended: Promise<void> = Promise.resolve();

  constructor(private readonly options: MeshSideOptions) {}

  /** Resolves when all is open, or after the wait; goes on trying in any case. */
  async start(waitMs: number): Promise<void> {
    const { signal } = this.#stopping;
    this.#ended = this.#open(signal);
    const waited = new AbortController();
    await Promise.race([this.#ended, pauseFor(waitMs, waited.signal)]);
    waited.abort();
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#ended;
    await this.#close();
  }

  async #open(signal: AbortSignal): Promise<void> {
    const { log } = this.options;
    while (!signal.aborted) {
      try {
        await this.#openParts(signal);
        this.#isOpen = true;
        log.info({ nats: this.#opened.nats?.serverUrl }, 'joined the mesh');
        return;
      } catch (error) {
        if (signal.aborted) return;
        const reason = error instanceof MeshError ? { code: error.code, reason: error.what, cure: error.cure } : {};
        log.error({ ...reason, err: error }, 'the mesh cannot be joined yet; trying again');
        await this.#close();
        await pauseFor(RETRY_MS, signal);
      }
    }
  }

  async #openParts(signal: AbortSignal): Promise<void> {
    const { config, store, connections, outbox, intake, log, now, version, url, keepsRanges } = this.options;
    const opened = (this.#opened = {} as Partial<Parts>);
    const { maxClaimBytes } = config.nats;
    const name = 'crm-mesh publisher';
    const nats = (opened.nats = await connectNats({ name, ...this.options.nats, maxClaimBytes, log, signal }));
    await ensureStreams(nats, listStreamLimits(config));
    intake.attach(nats);
    opened.relay = this.#createRelay(nats);
    opened.relay.start();
    const ledger = (opened.ledger = await Ledger.open({ nats, store, log, keepsRanges }));
    const normaliser = (opened.normaliser = this.#createNormaliser(nats, ledger));
    const { metrics } = this.options;
    const pollers = (opened.pollers = new Pollers({ nats, store, connections, log, metrics, holder: HOLDER, now }));
    const isLeading = (): boolean => normaliser.leading;
    const rebuilder = (opened.rebuilder = new Rebuilder({ nats, store, ledger, log, isLeading, now }));
    const reconciler = (opened.reconciler = this.#createReconciler(nats, ledger, normaliser));
    const parts = { nats, store, ledger, normaliser, pollers, rebuilder, reconciler, connections, outbox };
    const facts = {
      version,
      url,
      now,
      listPairs: () => listPairs(nats, connections),
      findDifferences: reconciler.findDifferences,
    };
    opened.control = await openControl({ ...parts, ...facts }, log);
    normaliser.start();
    rebuilder.start();
    pollers.start();
    reconciler.start();
    opened.trimmer = new RawTrimmer({ nats, log, now, readSettled: () => normaliser.readSettled() });
    opened.trimmer.start();
    opened.schemas = this.#createSchemaWatch(nats);
    opened.schemas.start();
  }

  #createRelay(nats: Nats): Relay {
    const { outbox, intake, log, metrics, now } = this.options;
    const relayed = metrics.counter('mesh_outbox_relayed_total', 'Notifications that went from the outbox to CRM_RAW');
    return new Relay({
      outbox,
      nats,
      log,
      now,
      onFlowing: () => intake.setFlowing(),
      onRelayed: (count) => relayed.inc(count),
    });
  }

  #createNormaliser(nats: Nats, ledger: Ledger): Normaliser {
    const { store, connections, log, metrics, version, now } = this.options;
    const acquireLease = (signal: AbortSignal): Promise<Lease> =>
      nats.acquireLease(NORMALISER, { holder: HOLDER, signal });
    return new Normaliser({ nats, store, ledger, connections, log, metrics, version, acquireLease, now });
  }

  #createReconciler(nats: Nats, ledger: Ledger, normaliser: Normaliser): Reconciler {
    const { store, connections, scheduled, log, metrics, now } = this.options;
    const { webhooks } = normaliser.counts;
    const openLeg = openLegs({ nats, store, ledger, connections, webhooks, log, signal: this.#stopping.signal, now });
    const acquireLease = (signal: AbortSignal): Promise<Lease> =>
      nats.acquireLease('reconcile', { holder: HOLDER, signal });
    return new Reconciler({ nats, store, connections, scheduled, openLeg, log, metrics, acquireLease, now });
  }

  #createSchemaWatch(nats: Nats): SchemaWatch {
    const { store, connections, log, metrics, now } = this.options;
    const acquireLease = (signal: AbortSignal): Promise<Lease> =>
      nats.acquireLease('schemas', { holder: HOLDER, signal });
    return new SchemaWatch({ nats, store, listConnections: () => connections.all, log, metrics, acquireLease, now });
  }

  async #close(): Promise<void> {
    const { control, relay, reconciler, pollers, schemas, trimmer, rebuilder, normaliser, ledger, nats } = this.#opened;
    this.#isOpen = false;
    this.options.intake.detach();
    await control?.close();
    await relay?.stop();
    await reconciler?.stop();
    await pollers?.stop();
    await schemas?.stop();
    await trimmer?.stop();
    await rebuilder?.stop();
    await normaliser?.stop();
    await ledger?.close();
    await nats?.close();
    this.#opened = {};
  }
}
