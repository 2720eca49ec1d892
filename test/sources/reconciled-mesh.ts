import type { MeshEvent, RecordKey } from '@crm-mesh/contract';
import { DELIVERY_MIGRATIONS } from '@crm-mesh/delivery';
import { connectNats, ensureStreams, type Nats } from '@crm-mesh/jetstream';
import { Ledger, LEDGER_MIGRATIONS } from '@crm-mesh/ledger';
import type { Comparison, ComparisonStep, Mismatch, RepairOutcome } from '@crm-mesh/reconciliation';
import type { NotificationDraft, Source } from '@crm-mesh/sdk';
import { openStore, type Store } from '@crm-mesh/store';
import { createLogger, createMetrics } from '@crm-mesh/telemetry';
import { startTestNats } from '@crm-mesh/testing';
import { expect, vi } from 'vitest';
import { openConnections } from '../../apps/publisher/src/connections/open-connections.js';
import { Normaliser } from '../../apps/publisher/src/normaliser/normaliser.js';
import { DraftPublisher } from '../../apps/publisher/src/polling/draft-publisher.js';
import { Pressure } from '../../apps/publisher/src/polling/pressure.js';
import { openCrmLeg, type CrmLeg } from '../../apps/publisher/src/reconciliation/crm/crm-leg.js';
import { CRM_LEG_MIGRATIONS } from '../../apps/publisher/src/reconciliation/crm/migrations.js';
import type { CrmScope } from '../../apps/publisher/src/reconciliation/crm/sides.js';

export const TENANT = 'acme';
export const CONNECTION = 'crm';
const log = createLogger({ app: 'publisher', level: process.env['MESH_TEST_LOG'] ?? 'silent' });

export interface MeshOptions {
  source: Source;
  config: object;
  mapping?: Record<string, unknown>;
  graceMs?: number;
}

type What = Partial<CrmScope> & Pick<CrmScope, 'entity'>;

/** The parts of a publisher that a CRM is compared by, without HTTP: signs of changes come when a test says so. */
export interface ReconciledMesh {
  nats: Nats;
  store: Store;
  ledger: Ledger;
  leg: CrmLeg;
  /** Puts a sign into CRM_RAW, as a webhook would. */
  tell(draft: Pick<NotificationDraft, 'entity' | 'id'> & Partial<NotificationDraft>): Promise<void>;
  /** All that the CRM has, as a backfill would. */
  load(entity: string): Promise<void>;
  /** Until the normaliser has dealt with all that was told. */
  settled(): Promise<void>;
  compare(what: What): Comparison;
  /** All steps. */
  run(what: What): Promise<ComparisonStep[]>;
  repair(found: readonly Mismatch[], run: string): Promise<RepairOutcome[]>;
  events(id: string): Promise<MeshEvent[]>;
  stop(): Promise<void>;
}

export const foundIn = (steps: readonly ComparisonStep[]): Mismatch[] => steps.flatMap(({ found }) => found);

async function all(steps: AsyncIterable<ComparisonStep>): Promise<ComparisonStep[]> {
  const taken: ComparisonStep[] = [];
  for await (const step of steps) taken.push(step);
  return taken;
}

export async function startReconciledMesh(options: MeshOptions): Promise<ReconciledMesh> {
  const now = Date.now;
  const server = await startTestNats();
  const nats = await connectNats({ name: 'reconcile-spec', url: server.url });
  await ensureStreams(nats);
  const migrations = [...DELIVERY_MIGRATIONS, ...LEDGER_MIGRATIONS, ...CRM_LEG_MIGRATIONS];
  const store = await openStore({ url: 'sqlite::memory:', migrations });
  const ledger = await Ledger.open({ nats, store, log });
  const configured = { tenant: TENANT, name: CONNECTION, source: options.source.name, config: options.config };
  const connections = await openConnections({
    configured: [{ ...configured, ...(options.mapping && { mapping: options.mapping }) } as never],
    sources: [options.source],
    publicUrl: () => '',
    cacheFolder: '',
    log,
    now,
  });
  const acquireLease = (signal: AbortSignal) => nats.acquireLease('normaliser', { holder: 'spec', signal });
  const metrics = createMetrics({ app: 'publisher' });
  const parts = { nats, store, ledger, connections, log, now };
  const normaliser = new Normaliser({ ...parts, metrics, version: '0', acquireLease });
  normaliser.start();
  const publisher = new DraftPublisher({ nats, log, now });
  const { signal } = new AbortController();
  const { graceMs = 50 } = options;
  const leg = openCrmLeg({ ...parts, pressure: new Pressure(nats), publisher, signal, graceMs });
  let signs = 0;
  const compare = (what: What): Comparison =>
    leg.compare({ tenant: TENANT, connection: CONNECTION, run: `run-${what.entity}`, ...what });
  const publish = (drafts: readonly NotificationDraft[], origin: 'webhook' | 'backfill') =>
    publisher.publish(connections.find(TENANT, CONNECTION)!, drafts, {
      ...{ origin, verifiedBy: 'test', signal, onHeld: () => undefined },
    });
  return {
    ...{ nats, store, ledger, leg, compare },
    load: async (entity) => {
      const { source, contextFor } = connections.find(TENANT, CONNECTION)!;
      let cursor: string | undefined;
      do {
        const request = { entity, fields: 'records', ...(cursor !== undefined && { cursor }) } as const;
        const page = await source.scan!.page(request, contextFor('backfill'));
        await publish(page.drafts, 'backfill');
        ({ cursor } = page);
      } while (cursor !== undefined);
    },
    tell: async (draft) => {
      const whole = { change: 'unknown', dedupeKey: `sign ${++signs}`, payload: {}, ...draft } as const;
      await publish([whole], 'webhook');
    },
    settled: () =>
      vi.waitFor(
        async () => {
          const { lastSequence } = await nats.streamState('CRM_RAW');
          expect((await nats.durableState('CRM_RAW', 'normaliser'))?.ackFloorSequence ?? 0).toBe(lastSequence);
          expect(normaliser.consumerStatus()?.parkedMessages).toBe(0);
        },
        { timeout: 20_000, interval: 20 },
      ),
    run: (what) => all(compare(what).steps(undefined, signal)),
    repair: async (found, run) => {
      const outcomes: RepairOutcome[] = [];
      for (const mismatch of found)
        outcomes.push(await leg.repairer.repair(mismatch, { run, by: 'spec', label: 'never-delivered' }));
      return outcomes;
    },
    events: async (id) => {
      const events: MeshEvent[] = [];
      const filterSubject = `crm.${TENANT}.${CONNECTION}.*.*.${id}`;
      for await (const { data } of nats.readStream('CRM_EVENTS', { fromSequence: 1, filterSubject }))
        events.push(JSON.parse(Buffer.from(data).toString()) as MeshEvent);
      return events;
    },
    stop: async () => {
      await normaliser.stop();
      connections.close();
      await ledger.close();
      await nats.close();
      await store.close();
      await server.stop();
    },
  };
}

/** `contact/7 missing`, sorted. */
export function summarise(found: readonly Mismatch[]): string[] {
  return found.map(({ record, kind }: { record: RecordKey; kind: string }) => `${record.id} ${kind}`).toSorted();
}
