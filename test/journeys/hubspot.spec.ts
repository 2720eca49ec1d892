import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseEventSubject, type AnyRecord, type MeshEvent } from '@crm-mesh/contract';
import { startSandbox, UI_ACTOR, type RunningSandbox } from '@crm-mesh/sandbox/start';
import { createLogger } from '@crm-mesh/telemetry';
import { HUBSPOT_SECRET, startTestMesh, type TestMesh } from './test-mesh.js';

const actor = UI_ACTOR;
const PATH = '/webhooks/acme/hubspot';
let sandbox: RunningSandbox;
let mesh: TestMesh;

beforeAll(async () => {
  sandbox = await startSandbox({
    log: createLogger({ app: 'sandbox', level: 'silent' }),
    clientSecret: HUBSPOT_SECRET,
    rateLimits: { maxPerInterval: 100_000 },
    knobs: { batchWaitMs: 20 },
  });
  mesh = await startTestMesh({ hubspotApi: { url: sandbox.url, token: sandbox.accessToken } });
  sandbox.setTarget({ url: mesh.publisher.url + PATH });
});
afterAll(async () => {
  await mesh?.stop();
  await sandbox?.stop();
});

type Told = Pick<MeshEvent, 'type'> & { data: AnyRecord & { mergedIds?: string[] } };

/** Until HubSpot has said all and the mesh has told it: a record's events, oldest first. */
async function listTold(entity: string, id: string): Promise<Told[]> {
  await sandbox.webhooks.whenSettled();
  await mesh.settled();
  const told: Told[] = [];
  for await (const message of mesh.nats.readStream('CRM_EVENTS', {
    fromSequence: 1,
    filterSubject: 'crm.acme.hubspot.>',
  })) {
    const subject = parseEventSubject(message.subject);
    if (subject?.entity === entity && subject.id === id) told.push(JSON.parse(message.data.toString()) as Told);
  }
  return told;
}

const typesOf = (told: readonly Told[]): string[] => told.map(({ type }) => type.split('.').at(-1)!);

/** What HubSpot says of a person who is to be forgotten: in an order that it does not promise. */
async function say(kind: 'deletion' | 'privacyDeletion', id: string): Promise<void> {
  const item = { eventId: 7, subscriptionId: 1, portalId: 2, appId: 3, occurredAt: Date.now(), attemptNumber: 0 };
  const body = JSON.stringify([{ ...item, subscriptionType: `contact.${kind}`, objectId: Number(id) }]);
  const timestamp = String(Date.now());
  const url = mesh.publisher.url + PATH;
  const signature = createHmac('sha256', HUBSPOT_SECRET).update(`POST${url}${body}${timestamp}`).digest('base64');
  const headers = {
    'content-type': 'application/json',
    'x-hubspot-request-timestamp': timestamp,
    'x-hubspot-signature-v3': signature,
  };
  expect((await fetch(url, { method: 'POST', headers, body })).status).toBe(202);
}

it('deleted and restored: the same record goes and comes back', async () => {
  const { id } = sandbox.crm.create('companies', { name: 'Brightwater' }, { actor });
  expect(typesOf(await listTold('company', id))).toEqual(['created']);
  sandbox.crm.archive({ type: 'companies', id }, actor);
  expect(typesOf(await listTold('company', id))).toEqual(['created', 'deleted']);
  sandbox.crm.restore({ type: 'companies', id }, actor);
  const told = await listTold('company', id);
  expect(typesOf(told)).toEqual(['created', 'deleted', 'restored']);
  expect(told.at(-1)?.data).toMatchObject({ id, name: 'Brightwater' });
});

it('linked: both ends tell it, and tell when it ends', async () => {
  const [company, contact] = [
    sandbox.crm.create('companies', { name: 'Kestrel' }, { actor }),
    sandbox.crm.create('contacts', { firstname: 'Ada' }, { actor }),
  ];
  const deal = sandbox.crm.create('deals', { dealname: 'Kiln' }, { actor });
  await listTold('deal', deal.id);
  sandbox.crm.associate(deal, { to: contact, typeIds: [] }, actor);
  sandbox.crm.associate(contact, { to: company, typeIds: [] }, actor);
  const linkedDeal = (await listTold('deal', deal.id)).at(-1)?.data;
  const linkedContact = (await listTold('contact', contact.id)).at(-1)?.data;
  expect([linkedDeal, linkedContact]).toMatchObject([{ contactIds: [contact.id] }, { companyId: company.id }]);
  sandbox.crm.dissociate(contact, deal, actor);
  const parted = await listTold('deal', deal.id);
  expect(typesOf(parted)).toEqual(['created', 'updated', 'updated']);
  expect(parted.at(-1)?.data).not.toHaveProperty('contactIds');
});

it('merged: a contact keeps its id, and the other is not told as the deletion of this one', async () => {
  const [kept, swallowed] = ['1', '2'].map((phone) => sandbox.crm.create('contacts', { phone }, { actor }).id);
  await listTold('contact', kept!);
  const ids = { primaryId: kept!, mergedId: swallowed! };
  sandbox.crm.merge('contacts', ids, { newId: false, actor });
  const told = await listTold('contact', kept!);
  expect(typesOf(told)).toEqual(['created', 'merged']);
  expect(told.at(-1)).toMatchObject({ data: { id: kept, phone: '1', mergedIds: [swallowed] } });
});

it('merged: a company has a third id, which names both, and what they were linked to follows', async () => {
  const [first, second] = ['A', 'B'].map((name) => sandbox.crm.create('companies', { name }, { actor }));
  const links = [{ to: second!, typeIds: [] }];
  const deal = sandbox.crm.create('deals', { dealname: 'Kiln' }, { actor, links });
  await listTold('deal', deal.id);
  const ids = { primaryId: first!.id, mergedId: second!.id };
  const { id } = sandbox.crm.merge('companies', ids, { newId: true, actor });
  const told = await listTold('company', id);
  expect(typesOf(told)).toEqual(['merged']);
  expect(told[0]?.data.mergedIds).toEqual([first!.id, second!.id].toSorted());
  expect((await listTold('deal', deal.id)).at(-1)?.data).toMatchObject({ companyId: id });
});

it.each([
  [['deletion', 'privacyDeletion'] as const, ['created', 'deleted', 'erased']],
  [['privacyDeletion', 'deletion'] as const, ['created', 'erased']],
])('forgotten: %s', async (kinds, expected) => {
  const { id } = sandbox.crm.create('contacts', { firstname: 'Ada', email: `${kinds[0]}@x.example` }, { actor });
  expect(typesOf(await listTold('contact', id))).toEqual(['created']);
  sandbox.turnKnobs({ dropRate: 1 });
  sandbox.crm.erase({ type: 'contacts', id }, actor);
  sandbox.turnKnobs({ dropRate: 0 });
  for (const kind of kinds) {
    await say(kind, id);
    await mesh.settled();
  }
  const told = await listTold('contact', id);
  expect(typesOf(told)).toEqual(expected);
  expect(told.at(-1)?.data).toEqual({ id, changes: {} });
  const rows = (await mesh.readLedger()).filter((row) => row.id === id && row['entity'] === 'contact');
  expect(rows).toMatchObject([{ state: 'erased' }]);
  expect(JSON.stringify(rows)).not.toContain('Ada');
});
