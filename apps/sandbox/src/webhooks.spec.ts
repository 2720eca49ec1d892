import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Signature } from '@hubspot/api-client';
import { describe, expect, it, vi } from 'vitest';
import { atOnce, holdUntilOpen, listen, open } from './sandbox.fixture.js';
import { UI_ACTOR, type RunningSandbox, type SandboxOptions } from './start-sandbox.js';
import type { WebhookItem } from './hubspot/webhooks/webhook-item.js';

const actor = UI_ACTOR;
/** A busy machine takes its time. */
const PATIENCE = { timeout: 20_000 };

function makeContacts(sandbox: RunningSandbox, count: number): string[] {
  return Array.from(
    { length: count },
    (_, index) => sandbox.crm.create('contacts', { email: `c${index}@x.example` }, { actor }).id,
  );
}

/** One item per contact. */
const ONE_EACH = { subscriptions: [{ id: 1, eventType: 'contact.creation' }] } satisfies SandboxOptions;

describe('signatures', () => {
  it.each([
    ['the target', undefined],
    ['the public URL', 'https://mesh.example.net/in?tenant=acme%40eu&x=%26'],
  ])('are valid for the official client’s helper: %s', async (_, publicUrl) => {
    const listener = await listen();
    const sandbox = await open({ target: { url: listener.url, publicUrl }, clientSecret: 'a secret' });
    makeContacts(sandbox, 1);
    await sandbox.webhooks.whenSettled();
    const [request] = listener.requests;
    const headers = request?.headers ?? {};
    const common = { clientSecret: 'a secret', requestBody: request?.body ?? '' };
    const timestamp = Number(headers['x-hubspot-request-timestamp']);
    const url = publicUrl?.replace('%40', '@') ?? listener.url;
    const v3 = {
      ...common,
      url,
      timestamp,
      method: 'POST',
      signatureVersion: 'v3',
      signature: String(headers['x-hubspot-signature-v3']),
    };
    expect(Signature.isValid(v3)).toBe(true);
    expect(Signature.isValid({ ...v3, clientSecret: 'another' })).toBe(false);
    expect(
      Signature.isValid({ ...common, signatureVersion: 'v1', signature: String(headers['x-hubspot-signature']) }),
    ).toBe(true);
    expect(headers['x-hubspot-signature-version']).toBe('v1');
  });
});

describe('items', () => {
  const readSample = (name: string): WebhookItem[] =>
    JSON.parse(readFileSync(join(import.meta.dirname, '../../../test/samples/hubspot', name), 'utf8')) as WebhookItem[];
  const shapeOf = (item: object | undefined): Record<string, string> =>
    Object.fromEntries(Object.entries(item ?? {}).map(([name, value]) => [name, typeof value]));

  async function collect(act: (sandbox: RunningSandbox) => void): Promise<WebhookItem[]> {
    const listener = await listen();
    const sandbox = await open({ target: { url: listener.url } });
    await atOnce(sandbox, () => act(sandbox));
    await sandbox.webhooks.whenSettled();
    return listener.items();
  }

  it('have the members of the samples, with their types', async () => {
    const items = await collect(({ crm }) => {
      const contact = crm.create('contacts', { email: 'a@x.example' }, { actor });
      const deal = crm.create(
        'deals',
        { dealname: 'D', dealstage: 'contractsent' },
        { actor, links: [{ to: contact, typeIds: [3] }] },
      );
      crm.update(deal, { dealstage: 'closedwon' }, actor);
      crm.archive(contact, actor);
      crm.restore(contact, actor);
      crm.erase(contact, actor);
    });
    const samples = ['contact-created', 'contact-deleted', 'contact-restored', 'deal-closed-won', 'deal-stage-changed'];
    for (const sample of samples.flatMap((name) => readSample(`${name}.json`))) {
      const same = items.find(
        ({ subscriptionType, propertyName }) =>
          subscriptionType === sample.subscriptionType && propertyName === sample.propertyName,
      );
      if (sample.propertyName === 'amount' || sample.propertyName === 'lastname') continue;
      expect(shapeOf(same), `${sample.subscriptionType} ${sample.propertyName ?? ''}`).toEqual(shapeOf(sample));
    }
    for (const sample of [
      ...readSample('association-changed.json'),
      ...readSample('contact-privacy-deleted.json').slice(1),
    ]) {
      expect(shapeOf(items.find(({ subscriptionType }) => subscriptionType === sample.subscriptionType))).toEqual(
        shapeOf(sample),
      );
    }
    expect(items.find(({ propertyName }) => propertyName === 'closedate')?.propertyValue).toMatch(/^\d{13}$/);
  });

  it('tell an association once per direction, and a primary one once more', async () => {
    const items = await collect(({ crm }) => {
      const company = crm.create('companies', { name: 'C' }, { actor });
      crm.create('deals', { dealname: 'D' }, { actor, links: [{ to: company, typeIds: [] }] });
    });
    const links = items.filter(({ associationType }) => associationType !== undefined);
    expect(links.map(({ associationType, isPrimaryAssociation }) => [associationType, isPrimaryAssociation])).toEqual([
      ['DEAL_TO_COMPANY', false],
      ['COMPANY_TO_DEAL', false],
      ['DEAL_TO_COMPANY', true],
      ['COMPANY_TO_DEAL', true],
    ]);
  });

  it('tell a merge with all of its ids, and what it did to the neighbours', async () => {
    let ids: number[] = [];
    const items = await collect(({ crm }) => {
      const [left, right] = ['A', 'B'].map((name) => crm.create('companies', { name }, { actor }));
      if (!left || !right) return;
      const contact = crm.create('contacts', { email: 'a@x.example' }, { actor, links: [{ to: right, typeIds: [] }] });
      const merged = crm.merge('companies', { primaryId: left.id, mergedId: right.id }, { newId: true, actor });
      ids = [left, right, merged, contact].map(({ id }) => Number(id));
    });
    const [left, right, merged, contact] = ids;
    const item = items.find(({ subscriptionType }) => subscriptionType === 'company.merge');
    expect(item).toMatchObject({
      primaryObjectId: left,
      mergedObjectIds: [right],
      newObjectId: merged,
      objectId: merged,
    });
    const told = items.filter(
      ({ fromObjectId, subscriptionType }) =>
        subscriptionType === 'contact.associationChange' && fromObjectId === contact,
    );
    expect(told.slice(-3).map(({ toObjectId, associationRemoved }) => [toObjectId, associationRemoved])).toEqual([
      [right, true],
      [merged, false],
      [merged, false],
    ]);
  });

  it('tell of leads by the generic subscriptions', async () => {
    const items = await collect(({ crm }) => void crm.create('leads', { hs_lead_name: 'L' }, { actor }));
    expect(items.map(({ subscriptionType, objectTypeId }) => [subscriptionType, objectTypeId])).toEqual([
      ['object.creation', '0-136'],
      ['object.propertyChange', '0-136'],
    ]);
  });

  it('say who wrote: a person, or the app through the API', async () => {
    const listener = await listen();
    const sandbox = await open({ target: { url: listener.url } });
    await atOnce(sandbox, async () => {
      const [id] = makeContacts(sandbox, 1);
      await fetch(`${sandbox.url}/crm/v3/objects/contacts/${id}`, {
        method: 'PATCH',
        headers: { authorization: `Bearer ${sandbox.accessToken}`, 'content-type': 'application/json' },
        body: JSON.stringify({ properties: { phone: '7', email: 'c0@x.example' } }),
      });
    });
    await sandbox.webhooks.whenSettled();
    const sources = listener
      .items()
      .map(({ propertyName, changeSource, sourceId }) => [propertyName, changeSource, sourceId]);
    expect(sources).toEqual([
      [undefined, 'CRM_UI', 'userId:61820455'],
      ['email', 'CRM_UI', 'userId:61820455'],
      ['phone', 'INTEGRATION', '2951846'],
    ]);
  });
});

describe('delivery', () => {
  it('cuts batches of at most 100, at most 10 of them at once', async () => {
    const listener = await listen(holdUntilOpen(10));
    const sandbox = await open({ target: { url: listener.url }, ...ONE_EACH });
    await atOnce(sandbox, () => makeContacts(sandbox, 2_050));
    await sandbox.webhooks.whenSettled();
    expect(listener.requests.map(({ items }) => items.length).sort((a, b) => a - b)).toEqual([
      50,
      ...Array.from({ length: 20 }, () => 100),
    ]);
    expect(listener.mostAtOnce).toBe(10);
    expect(new Set(listener.items().map(({ objectId }) => objectId)).size).toBe(2_050);
  });

  it('sends a failed request again, with the next attemptNumber, until it is taken', async () => {
    const listener = await listen((_, index) => [500, 404, 200][index]);
    const sandbox = await open({ target: { url: listener.url }, ...ONE_EACH });
    await atOnce(sandbox, () => makeContacts(sandbox, 2));
    await sandbox.webhooks.whenSettled();
    expect(listener.requests.map(({ items }) => items.map(({ attemptNumber }) => attemptNumber))).toEqual([
      [0, 0],
      [1, 1],
      [2, 2],
    ]);
    const withoutNumber = listener.requests.map(({ items }) => items.map((item) => ({ ...item, attemptNumber: 0 })));
    expect(withoutNumber[2]).toEqual(withoutNumber[0]);
    const [delivery] = (await (await fetch(`${sandbox.url}/sandbox/deliveries?state=delivered`)).json()) as {
      attempts: { status: number }[];
    }[];
    expect(delivery?.attempts.map(({ status }) => status)).toEqual([500, 404, 200]);
    expect(sandbox.webhooks.counts).toMatchObject({
      made: 2,
      delivered: 2,
      requests: 3,
      failedRequests: 2,
      pending: 0,
    });
  });

  it('counts silence and refused connections as failures, and gives up in the end', async () => {
    const listener = await listen(() => undefined);
    const sandbox = await open({
      target: { url: listener.url },
      ...ONE_EACH,
      knobs: { timeoutMs: 30, retryDelaysMs: [1] },
    });
    makeContacts(sandbox, 1);
    await sandbox.webhooks.whenSettled();
    sandbox.setTarget({ url: 'http://127.0.0.1:1/' });
    makeContacts(sandbox, 0);
    sandbox.crm.create('contacts', { email: 'other@x.example' }, { actor });
    await sandbox.webhooks.whenSettled();
    const errors = sandbox.webhooks.deliveries
      .list({ state: 'given-up', limit: 10 })
      .map(({ attempts }) => attempts.map(({ error }) => error));
    expect(errors[0]).toEqual(['timeout', 'timeout']);
    expect(errors[1]).toHaveLength(2);
    expect(sandbox.webhooks.counts).toMatchObject({ givenUp: 2, delivered: 0 });
  });

  it('forgets what is undelivered when it stops', async () => {
    const listener = await listen(() => 500);
    const sandbox = await open({ target: { url: listener.url }, ...ONE_EACH, knobs: { retryDelaysMs: [60_000] } });
    makeContacts(sandbox, 1);
    await vi.waitFor(() => expect(listener.requests).toHaveLength(1), PATIENCE);
    await sandbox.stop();
    await sandbox.webhooks.whenSettled();
    expect(sandbox.webhooks.counts.pending).toBe(0);
  });
});

describe('knobs', () => {
  const countById = (items: readonly WebhookItem[]): number[] => {
    const counts = new Map<number, number>();
    for (const { objectId } of items) counts.set(objectId, (counts.get(objectId) ?? 0) + 1);
    return [...counts.values()];
  };

  it('duplicates: the same item in a later request', async () => {
    const listener = await listen();
    const sandbox = await open({ target: { url: listener.url }, ...ONE_EACH, knobs: { duplicateRate: 0.3 } });
    await atOnce(sandbox, () => makeContacts(sandbox, 200));
    await sandbox.webhooks.whenSettled();
    const { duplicates } = sandbox.webhooks.counts;
    expect(duplicates).toBeGreaterThan(30);
    expect(countById(listener.items()).filter((count) => count === 2)).toHaveLength(duplicates);
    const first = listener.requests[0]?.items.map(({ eventId }) => eventId);
    expect(new Set(first).size).toBe(first?.length);
  });

  it('disorder: within and between batches', async () => {
    const listener = await listen();
    const sandbox = await open({ target: { url: listener.url }, ...ONE_EACH, knobs: { disorder: 1, parallel: 1 } });
    await atOnce(sandbox, () => makeContacts(sandbox, 300));
    await sandbox.webhooks.whenSettled();
    const ids = listener.items().map(({ objectId }) => objectId);
    expect(ids).not.toEqual(ids.toSorted((a, b) => a - b));
    const lowest = Math.min(...(listener.requests.at(-1)?.items ?? []).map(({ objectId }) => objectId));
    expect(lowest).toBeLessThan(Math.max(...(listener.requests[0]?.items ?? []).map(({ objectId }) => objectId)));
  });

  it('without disorder, one request after another keeps the order', async () => {
    const listener = await listen();
    const sandbox = await open({ target: { url: listener.url }, ...ONE_EACH, knobs: { parallel: 1 } });
    await atOnce(sandbox, () => makeContacts(sandbox, 300));
    await sandbox.webhooks.whenSettled();
    const ids = listener.items().map(({ objectId }) => objectId);
    expect(ids).toEqual(ids.toSorted((a, b) => a - b));
  });

  it('drops: some are never sent', async () => {
    const listener = await listen();
    const sandbox = await open({ target: { url: listener.url }, ...ONE_EACH, knobs: { dropRate: 0.5 } });
    makeContacts(sandbox, 100);
    await sandbox.webhooks.whenSettled();
    const { dropped, delivered } = sandbox.webhooks.counts;
    expect(dropped).toBeGreaterThan(20);
    expect(dropped + delivered).toBe(100);
    expect(listener.items()).toHaveLength(delivered);
  });

  it('bursts: nothing until so many wait, then all', async () => {
    const listener = await listen();
    const sandbox = await open({ target: { url: listener.url }, ...ONE_EACH, knobs: { burstSize: 50 } });
    makeContacts(sandbox, 49);
    await vi.waitFor(() => expect(sandbox.webhooks.counts.pending).toBe(49), PATIENCE);
    expect(listener.requests).toHaveLength(0);
    sandbox.crm.create('contacts', { email: 'last@x.example' }, { actor });
    await sandbox.webhooks.whenSettled();
    expect(listener.items()).toHaveLength(50);
  });

  it('pause and delay: turned over HTTP, while it runs', async () => {
    const listener = await listen();
    const sandbox = await open({ target: { url: listener.url }, ...ONE_EACH });
    const turn = (turned: object): Promise<Response> =>
      fetch(`${sandbox.url}/sandbox/knobs`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(turned),
      });
    expect(await (await turn({ paused: true, delayMs: 200 })).json()).toMatchObject({
      paused: true,
      delayMs: 200,
      batchSize: 100,
    });
    const startedAtMs = performance.now();
    makeContacts(sandbox, 1);
    expect(sandbox.webhooks.counts.pending).toBe(1);
    await turn({ paused: false });
    await sandbox.webhooks.whenSettled();
    expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(199);
    const wrong = await turn({ disorder: 2, colour: 'red' });
    expect(wrong.status).toBe(400);
    expect(JSON.stringify(await wrong.json())).toMatch(/colour should not exist.*disorder must not be greater than 1/);
  });

  it('no target: nobody is told, and it is counted', async () => {
    const sandbox = await open(ONE_EACH);
    makeContacts(sandbox, 3);
    await sandbox.webhooks.whenSettled();
    expect(sandbox.webhooks.counts).toMatchObject({ made: 3, dropped: 3, requests: 0 });
  });

  it('a slow or broken API', async () => {
    const sandbox = await open({ knobs: { apiDelayMs: 50, apiFailNext: 1 } });
    const get = (): Promise<Response> =>
      fetch(`${sandbox.url}/crm/v3/owners`, { headers: { authorization: `Bearer ${sandbox.accessToken}` } });
    const startedAtMs = performance.now();
    expect((await get()).status).toBe(502);
    expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(49);
    expect((await get()).status).toBe(200);
  });
});

it('the same seed gives the same ids and the same events', async () => {
  // Sorted: timers say what shares a request, and requests that run at once arrive in any order.
  const run = async (seed: number): Promise<string[]> => {
    const listener = await listen();
    const sandbox = await open({
      target: { url: listener.url },
      seed,
      knobs: { duplicateRate: 0.2, disorder: 0.5 },
      now: () => 1_774_368_001_250,
    });
    makeContacts(sandbox, 40);
    await sandbox.webhooks.whenSettled();
    return listener
      .items()
      .map((item) => JSON.stringify(item))
      .toSorted();
  };
  const first = await run(5);
  expect(await run(5)).toEqual(first);
  expect(await run(6)).not.toEqual(first);
  expect(first.join()).toContain('contact.creation');
});
