import type { NotificationDraft, Source } from '@crm-mesh/sdk';
import { startSandbox, UI_ACTOR, type RunningSandbox } from '@crm-mesh/sandbox/start';
import { createLogger } from '@crm-mesh/telemetry';
import { makeSource, TestCrm } from '../../apps/publisher/src/polling/polling.fixture.js';
import { SHIPPED_SOURCES } from '../../libs/sources/src/index.js';

/** A CRM as a person sees it: the same few things can be done in each. */
export interface CrmFace {
  source: Source;
  config: object;
  entity: string;
  create(name: string): string;
  update(id: string, name: string): void;
  remove(id: string): void;
  /** Where it can be brought back. */
  restore?(id: string): void;
  merge?(winner: string, loser: string): void;
  /** It still says into whom a record went. */
  showsMerges?: true;
  /** What a sign would carry of it now, where it is not fetched. */
  carry?(id: string): Pick<NotificationDraft, 'payload' | 'modifiedAt'> | undefined;
  stop(): Promise<void>;
}

const actor = UI_ACTOR;
const log = createLogger({ app: 'sandbox', level: 'silent' });
/** Times in CRMs are of the past, and two changes never fall into one second: Salesforce and Pipedrive count no less. */
const CHANGE_MS = 2_000;

function makeClock(): { now(): number; tick(): void } {
  const startMs = Date.now() - 86_400_000;
  let ticks = 0;
  return { now: () => startMs + ticks * CHANGE_MS, tick: () => void (ticks += 1) };
}

const sourceOf = (name: string): Source => SHIPPED_SOURCES.get(name)!;

async function openHubspot(): Promise<CrmFace> {
  const clock = makeClock();
  const limits = { maxPerInterval: 1_000_000, searchPerSecond: 1_000_000 };
  const sandbox = await startSandbox({ log, now: clock.now, rateLimits: limits });
  const config = {
    clientSecrets: [sandbox.clientSecret],
    accessToken: sandbox.accessToken,
    apiUrl: sandbox.url,
    entities: ['contact'],
    coalesceMs: 0,
    rateLimit: { requests: 1_000_000, concurrent: 10, searchesPerSecond: 1_000 },
  };
  return { ...faceOf(sandbox, { clock, idOf: (id) => id }), showsMerges: true, source: sourceOf('hubspot'), config };
}

async function openSalesforce(): Promise<CrmFace> {
  const clock = makeClock();
  const sandbox = await startSandbox({ log, now: clock.now, salesforce: {} });
  const org = sandbox.salesforce!;
  const config = {
    organizationId: org.organizationId,
    currency: 'EUR',
    coalesceMs: 0,
    rateLimit: { requests: 100_000, intervalMs: 1_000, concurrent: 10 },
    auth: {
      grant: 'client_credentials',
      clientId: org.clientId,
      clientSecret: org.clientSecret,
      loginUrl: org.url,
    },
  };
  const idOf = (id: string): string => org.idOf('contacts', id);
  return { ...faceOf(sandbox, { clock, idOf }), showsMerges: true, source: sourceOf('salesforce'), config };
}

/** The core's records, under the ids that the CRM shows. */
function faceOf(
  { crm, stop }: RunningSandbox,
  { clock, idOf }: { clock: ReturnType<typeof makeClock>; idOf(id: string): string },
): Omit<CrmFace, 'source' | 'config'> {
  const own = new Map<string, string>();
  const refOf = (id: string) => ({ type: 'contacts', id: own.get(id)! }) as const;
  const change = <Result>(act: () => Result): Result => (clock.tick(), act());
  return {
    entity: 'contact',
    create: (lastname) => {
      const { id } = change(() => crm.create('contacts', { lastname }, { actor }));
      own.set(idOf(id), id);
      return idOf(id);
    },
    update: (id, lastname) => void change(() => crm.update(refOf(id), { lastname }, actor)),
    remove: (id) => change(() => crm.archive(refOf(id), actor)),
    restore: (id) => void change(() => crm.restore(refOf(id), actor)),
    merge: (winner, loser) => {
      const ids = { primaryId: refOf(winner).id, mergedId: refOf(loser).id };
      change(() => crm.merge('contacts', ids, { newId: false, actor }));
    },
    stop,
  };
}

async function openPipedrive(): Promise<CrmFace> {
  const clock = makeClock();
  const pipedrive = { limits: { burst: 1_000_000, dailyTokens: 1_000_000_000 } };
  const sandbox = await startSandbox({ log, now: clock.now, pipedrive });
  const { book } = sandbox.pipedrive!;
  const change = <Result>(act: () => Result): Result => (clock.tick(), act());
  return {
    source: sourceOf('pipedrive'),
    config: { webhookUser: 'u', webhookPasswords: ['p'], apiToken: 'sandbox-api-token', apiUrl: sandbox.url },
    entity: 'contact',
    create: (name) => String(change(() => book.create('contacts', { name }))['id']),
    update: (id, name) => void change(() => book.update('contacts', id, { name })),
    remove: (id) => void change(() => book.remove('contacts', id)),
    merge: (winner, loser) => void change(() => book.merge('contacts', loser, winner)),
    stop: () => sandbox.stop(),
  };
}

/** Rows of any JSON API. */
async function openRows(): Promise<TestCrm & { change<Result>(act: (nowMs: number) => Result): Result }> {
  const crm = new TestCrm();
  const clock = makeClock();
  await crm.start();
  return Object.assign(crm, {
    change: <Result>(act: (nowMs: number) => Result): Result => (clock.tick(), act(clock.now())),
  });
}

async function faceOfRows(entity: string): Promise<{ crm: TestCrm; face: Omit<CrmFace, 'source' | 'config'> }> {
  const crm = await openRows();
  crm.pageSize = 3;
  let made = 0;
  const put = (id: string, name: string): string => crm.change((nowMs) => (crm.put(entity, id, name, nowMs), id));
  const face = {
    entity,
    create: (name: string) => put(`r${String(++made).padStart(4, '0')}`, name),
    update: (id: string, name: string) => void put(id, name),
    remove: (id: string) =>
      void crm.rows.splice(
        crm.rows.findIndex((row) => row.id === id),
        1,
      ),
    restore: (id: string) => void put(id, 'back'),
    stop: () => crm.stop(),
  };
  return { crm, face };
}

async function openJsonPoller(): Promise<CrmFace> {
  const { crm, face } = await faceOfRows('order');
  const scan = { path: '/scan', query: { entity: 'order' }, rows: 'rows', modifiedAt: 'modifiedMs' };
  const config = {
    url: crm.url,
    rateLimit: { requests: 100_000, concurrent: 10 },
    entities: { order: { ...scan, paging: { by: 'cursor', path: 'cursor', parameter: 'cursor' } } },
    mapping: { record: 'data' },
  };
  const carry: CrmFace['carry'] = (id) => {
    const row = crm.rows.find((one) => one.id === id);
    const modifiedAt = new Date(row?.modifiedMs ?? Date.now()).toISOString();
    return row && { modifiedAt, payload: { type: 'order.updated', data: { ...row } } };
  };
  return { ...face, carry, source: sourceOf('json-poller'), config };
}

/** A team's own source, that fetches and scans without the kit. */
async function openDropIn(): Promise<CrmFace> {
  const { crm, face } = await faceOfRows('contact');
  const { scan } = makeSource(crm);
  const source = makeSource(crm, {
    name: 'drop-in',
    scan: {
      ...scan!,
      page: async (request, context) => {
        const page = await scan!.page(request, context);
        if (request.fields === 'versions') return page;
        const read = (id: string) => crm.rows.find((row) => row.id === id);
        return { ...page, drafts: page.drafts.map((draft) => ({ ...draft, fetched: read(draft.id) })) };
      },
    },
    fetchBatchSize: 2,
    fetch: async (entity, ids) => {
      const rows = crm.rows.filter((row) => row.entity === entity && ids.includes(row.id));
      return new Map(rows.map((row) => [row.id, row]));
    },
    map: ({ notification: { id }, fetched }) => {
      if (fetched === undefined) return { state: 'deleted' };
      const { name, modifiedMs } = fetched as { name: string; modifiedMs: number };
      return { state: 'present', record: { id, name } as never, modifiedAt: new Date(modifiedMs).toISOString() };
    },
  });
  return { ...face, source, config: {} };
}

export const CRM_FACES: readonly { name: string; open(): Promise<CrmFace> }[] = [
  { name: 'hubspot', open: openHubspot },
  { name: 'salesforce', open: openSalesforce },
  { name: 'pipedrive', open: openPipedrive },
  { name: 'json-poller', open: openJsonPoller },
  { name: 'a drop-in', open: openDropIn },
];
