import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { loadConfig } from '@crm-mesh/config';
import { connectNats, type Nats } from '@crm-mesh/jetstream';
import { startPublisher, type RunningPublisher } from '@crm-mesh/publisher/start';
import { startSandbox, UI_ACTOR, type RunningSandbox } from '@crm-mesh/sandbox/start';
import { createLogger } from '@crm-mesh/telemetry';
import { makeTempDir, startTestNats, type TestNats } from '@crm-mesh/testing';

// From a change in the sandbox company, over its webhook and the publisher, to events.

const log = createLogger({ app: 'journey', level: process.env['MESH_TEST_LOG'] ?? 'silent' });
const temp = makeTempDir('pipedrive');

let lastMs = 0;
/** No two changes at one time: webhooks tell milliseconds. */
const tick = (): number => (lastMs = Math.max(lastMs + 1, Date.now()));

let server: TestNats;
let nats: Nats;
let sandbox: RunningSandbox;
let publisher: RunningPublisher;

beforeAll(async () => {
  server = await startTestNats();
  sandbox = await startSandbox({
    log,
    now: tick,
    pipedrive: { limits: { burst: 10_000 }, knobs: { retryDelaysMs: [50, 50, 50] } },
  });
  const file = join(temp.path, 'mesh.yaml');
  writeFileSync(file, JSON.stringify({ connections: [describeConnection()] }));
  const config = loadConfig({ file, env: {}, cwd: temp.path });
  publisher = await startPublisher({ config, nats: { url: server.url }, log });
  nats = await connectNats({ name: 'journey', url: server.url });
  await register();
});

afterAll(async () => {
  await sandbox?.stop();
  await nats?.close();
  await publisher?.stop();
  await server?.stop();
  temp.remove();
});

function describeConnection(): object {
  const webhook = { webhookUser: 'mesh', webhookPasswords: ['a:password'] };
  const api = { apiUrl: sandbox.url, apiToken: 'sandbox-api-token', rateLimit: { requests: 1_000 } };
  return { tenant: 'acme', name: 'crm', source: 'pipedrive', config: { ...webhook, ...api, userId: '61820499' } };
}

/** As docs/connect-pipedrive.md has it. */
async function register(): Promise<void> {
  const response = await fetch(`${sandbox.url}/api/v1/webhooks`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-token': 'sandbox-api-token' },
    body: JSON.stringify({
      subscription_url: `${publisher.url}/webhooks/acme/crm`,
      event_action: '*',
      event_object: '*',
      version: '2.0',
      name: 'mesh',
      http_auth_user: 'mesh',
      http_auth_password: 'a:password',
    }),
  });
  expect(response.status).toBe(201);
}

interface Told {
  type: string;
  recordversion: number;
  data: Record<string, unknown> & { id: string };
}

/** Ids are unique within their type only. */
async function readEvents(entity: string, id: string): Promise<Told[]> {
  const events: Told[] = [];
  const { lastSequence } = await nats.streamState('CRM_EVENTS');
  if (lastSequence === 0) return [];
  for await (const { data } of nats.readStream('CRM_EVENTS', { fromSequence: 1 })) {
    events.push(JSON.parse(Buffer.from(data).toString()) as Told);
  }
  return events.filter(({ type, data }) => type.startsWith(`crm.${entity}.`) && data.id === id);
}

/** Everything that the company sent is told. */
async function settle(): Promise<void> {
  await sandbox.pipedrive!.sender.whenSettled();
  await vi.waitFor(
    async () => {
      const { lastSequence } = await nats.streamState('CRM_RAW');
      const durable = await nats.durableState('CRM_RAW', 'normaliser');
      expect(durable?.ackFloorSequence).toBe(lastSequence);
      expect(durable!.pending + durable!.ackPending).toBe(0);
    },
    { timeout: 30_000, interval: 50 },
  );
}

const actionsOf = (events: readonly Told[]): string[] => events.map(({ type }) => type.replace(/^crm\./, ''));

const change = async (act: () => unknown): Promise<void> => {
  act();
  await settle();
};

describe('a deal', () => {
  it('is created, won in its stage, reopened and deleted', async () => {
    const { crm } = sandbox;
    const company = crm.create('companies', { name: 'Brightwater' }, { actor: UI_ACTOR });
    const links = [{ to: company, typeIds: [] }];
    const fields = { dealname: 'Kiln', amount: '46000', deal_currency_code: 'EUR', dealstage: 'contractsent' };
    const deal = crm.create('deals', fields, { actor: UI_ACTOR, links });
    await settle();
    await change(() => crm.update(deal, { dealstage: 'closedwon' }, UI_ACTOR));
    await change(() => crm.update(deal, { dealstage: 'contractsent' }, UI_ACTOR));
    await change(() => crm.archive(deal, UI_ACTOR));
    const events = await readEvents('deal', deal.id);
    expect(actionsOf(events)).toEqual(['deal.created', 'deal.won', 'deal.reopened', 'deal.deleted']);
    expect(events.map(({ recordversion }) => recordversion)).toEqual([1, 2, 3, 4]);
    expect(events[1]!.data).toMatchObject({
      status: 'won',
      stageName: 'Contract sent',
      companyId: company.id,
      amount: { value: '46000', currency: 'EUR' },
    });
  });

  it('ends as the company has it, whatever is doubled and overtaken', async () => {
    const { crm, pipedrive } = sandbox;
    pipedrive!.turnKnobs({ duplicateRate: 0.5, disorderMs: 200 });
    const deals = Array.from({ length: 5 }, (_, index) =>
      crm.create('deals', { dealname: `Kiln ${index}`, deal_currency_code: 'EUR' }, { actor: UI_ACTOR }),
    );
    for (let round = 1; round <= 6; round += 1) {
      for (const deal of deals) crm.update(deal, { amount: String(round * 100) }, UI_ACTOR);
    }
    await settle();
    pipedrive!.turnKnobs({ duplicateRate: 0, disorderMs: 0 });
    for (const { id } of deals) {
      const events = await readEvents('deal', id);
      expect(events.at(-1)!.data).toMatchObject({ amount: { value: '600', currency: 'EUR' } });
      const amounts = events.map(({ data }) => Number((data['amount'] as { value: string } | undefined)?.value ?? 0));
      expect(amounts).toEqual([...amounts].sort((a, b) => a - b));
    }
  });
});

it('tells a merge of the winner, and never that the winner was deleted', async () => {
  const { crm } = sandbox;
  const [winner, loser] = ['Ada', 'Ida'].map((firstname) =>
    crm.create('contacts', { firstname, ...(firstname === 'Ida' && { phone: '1' }) }, { actor: UI_ACTOR }),
  );
  await settle();
  const ids = { primaryId: winner!.id, mergedId: loser!.id };
  await change(() => crm.merge('contacts', ids, { newId: false, actor: UI_ACTOR }));
  const events = await readEvents('contact', winner!.id);
  expect(actionsOf(events)).toContain('contact.merged');
  expect(actionsOf(events)).not.toContain('contact.deleted');
  expect(events.at(-1)!.data).toMatchObject({ firstName: 'Ada', phone: '1' });
});

it('leaves out what the integration wrote itself, and takes nobody without the password', async () => {
  const { book } = sandbox.pipedrive!;
  const own = book.create('contacts', { name: 'Own Write' });
  await settle();
  expect(await readEvents('contact', String(own['id']))).toEqual([]);
  const response = await fetch(`${publisher.url}/webhooks/acme/crm`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Basic bWVzaDphOndyb25n' },
    body: '{}',
  });
  expect(response.status).toBe(401);
});
