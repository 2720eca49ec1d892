import { describe, expect, it } from 'vitest';
import { UI_ACTOR } from '../crm/owners.js';
import { listen, open, type Answer, type Listener } from '../sandbox.fixture.js';
import type { RunningSandbox } from '../start-sandbox.js';
import type { PipedriveOptions } from './options.js';

interface Body {
  data: Record<string, unknown> | null;
  previous: Record<string, unknown> | null;
  meta: Record<string, unknown>;
}

const bodiesOf = (listener: Listener): Body[] => listener.requests.map(({ body }) => JSON.parse(body) as Body);

async function start(
  part: PipedriveOptions = {},
  answer?: Answer,
): Promise<{ sandbox: RunningSandbox; listener: Listener }> {
  const listener = await listen(answer);
  const webhook = { subscriptionUrl: listener.url, action: '*', object: '*', user: 'u', password: 'p:q' };
  const sandbox = await open({
    pipedrive: { webhooks: [webhook], ...part, knobs: { retryDelaysMs: [5, 5, 5], ...part.knobs } },
  });
  return { sandbox, listener };
}

const settle = (sandbox: RunningSandbox): Promise<void> => sandbox.pipedrive!.sender.whenSettled();

describe('a webhook', () => {
  it('carries the whole record, says what changed, and shows user and password', async () => {
    const { sandbox, listener } = await start();
    const deal = sandbox.crm.create('deals', { dealname: 'Kiln', amount: '46000' }, { actor: UI_ACTOR });
    await settle(sandbox);
    sandbox.crm.update(deal, { amount: '48500' }, UI_ACTOR);
    await settle(sandbox);
    const [created, changed] = bodiesOf(listener);
    expect(created).toMatchObject({
      data: { id: Number(deal.id), title: 'Kiln', value: 46_000, visible_to: '3' },
      previous: null,
      meta: { action: 'create', entity: 'deal', entity_id: deal.id, version: '2.0', change_source: 'app', attempt: 1 },
    });
    expect(changed).toMatchObject({ data: { value: 48_500 }, meta: { action: 'change' } });
    expect(Object.keys(changed!.previous!)).not.toContain('title');
    expect(changed!.previous).toMatchObject({ value: 46_000 });
    expect(listener.requests[0]!.headers.authorization).toBe(`Basic ${Buffer.from('u:p:q').toString('base64')}`);
  });

  it('of what the API wrote names its user, once for one request', async () => {
    const { sandbox, listener } = await start();
    const company = sandbox.crm.create('companies', { name: 'Brightwater' }, { actor: UI_ACTOR });
    const ids = { org_id: Number(company.id) };
    const { book } = sandbox.pipedrive!;
    book.create('deals', { title: 'Kiln', value: 5, ...ids });
    await settle(sandbox);
    expect(bodiesOf(listener).map(({ meta }) => [meta['entity'], meta['change_source'], meta['user_id']])).toEqual([
      ['organization', 'app', String(UI_ACTOR.userId)],
      ['deal', 'api', '61820499'],
    ]);
    expect(bodiesOf(listener)[1]!.data).toMatchObject(ids);
  });

  it('of a deletion has no record, and says what it was', async () => {
    const { sandbox, listener } = await start();
    const person = sandbox.crm.create('contacts', { firstname: 'Ada' }, { actor: UI_ACTOR });
    sandbox.crm.archive(person, UI_ACTOR);
    await settle(sandbox);
    const deleted = bodiesOf(listener).find(({ meta }) => meta['action'] === 'delete');
    expect(deleted).toMatchObject({ data: null, previous: { first_name: 'Ada' } });
  });

  it('of a merge comes for both', async () => {
    const { sandbox, listener } = await start();
    const [winner, loser] = ['Ada', 'Ida'].map((firstname) =>
      sandbox.crm.create('contacts', { firstname, ...(firstname === 'Ida' && { phone: '1' }) }, { actor: UI_ACTOR }),
    );
    await settle(sandbox);
    sandbox.pipedrive!.book.merge('contacts', loser!.id, winner!.id);
    await settle(sandbox);
    const merged = bodiesOf(listener).slice(2);
    expect(merged).toHaveLength(2);
    expect(merged).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          data: null,
          meta: expect.objectContaining({
            action: 'delete',
            entity_id: loser!.id,
            merged_to_id: winner!.id,
          }) as unknown,
        }),
        expect.objectContaining({
          meta: expect.objectContaining({
            action: 'change',
            entity_id: winner!.id,
            merged_from_id: loser!.id,
          }) as unknown,
        }),
      ]),
    );
  });
});

describe('what is not answered with 2xx', () => {
  it('comes again with the same id, and a higher attempt, three times', async () => {
    const { sandbox, listener } = await start({}, () => 500);
    sandbox.crm.create('products', { name: 'Burner' }, { actor: UI_ACTOR });
    await settle(sandbox);
    const metas = bodiesOf(listener).map(({ meta }) => meta);
    expect(metas.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4]);
    expect(new Set(metas.map(({ id }) => id)).size).toBe(1);
    expect(sandbox.pipedrive!.sender.counts).toMatchObject({ givenUp: 1, failedRequests: 4, pending: 0 });
  });

  it('ten times in a row bans the webhook, and what happens then is lost', async () => {
    const { sandbox } = await start({ knobs: { retryDelaysMs: [] } }, () => 503);
    for (let count = 0; count < 10; count += 1) {
      sandbox.crm.create('products', { name: String(count) }, { actor: UI_ACTOR });
    }
    await settle(sandbox);
    sandbox.crm.create('products', { name: 'unseen' }, { actor: UI_ACTOR });
    await settle(sandbox);
    expect(sandbox.pipedrive!.sender.counts).toMatchObject({ made: 11, lost: 1, givenUp: 10 });
  });
});

it('is doubled, dropped and shifted in time, as the knobs say', async () => {
  const { sandbox, listener } = await start({ knobs: { duplicateRate: 1, clockSkewMs: 3_600_000 } });
  sandbox.crm.create('products', { name: 'Burner' }, { actor: UI_ACTOR });
  await settle(sandbox);
  const metas = bodiesOf(listener).map(({ meta }) => meta);
  expect(metas[0]!['id']).toBe(metas[1]!['id']);
  expect(Date.parse(String(metas[0]!['timestamp'])) - Date.now()).toBeGreaterThan(3_500_000);
  sandbox.pipedrive!.turnKnobs({ dropRate: 1 });
  sandbox.crm.create('products', { name: 'Burner' }, { actor: UI_ACTOR });
  await settle(sandbox);
  expect(sandbox.pipedrive!.sender.counts).toMatchObject({ made: 2, duplicates: 1, dropped: 1, delivered: 2 });
  expect(() => sandbox.pipedrive!.turnKnobs({ dropRate: 2 })).toThrow('dropRate');
});

describe('the API’s limits', () => {
  const ask = (sandbox: RunningSandbox): Promise<Response> =>
    fetch(`${sandbox.url}/api/v2/deals`, { headers: { 'x-api-token': 'sandbox-api-token' } });

  it('are told in headers; over them come 429, then Cloudflare’s page', async () => {
    const { sandbox } = await start({ limits: { burst: 2, intervalMs: 60_000, cloudflareAfter: 2 } });
    const first = await ask(sandbox);
    expect(first.headers.get('x-ratelimit-remaining')).toBe('1');
    expect(first.headers.get('x-daily-ratelimit-token-remaining')).toBe('29990');
    const statuses = [];
    for (let count = 0; count < 4; count += 1) statuses.push((await ask(sandbox)).status);
    expect(statuses).toEqual([200, 429, 429, 403]);
    const page = await ask(sandbox);
    expect(page.headers.get('content-type')).toContain('text/html');
  });

  it('end the day’s tokens', async () => {
    const { sandbox } = await start({ limits: { dailyTokens: 15 } });
    expect((await ask(sandbox)).status).toBe(200);
    const refused = await ask(sandbox);
    expect([refused.status, refused.headers.get('x-daily-ratelimit-token-remaining')]).toEqual([429, '0']);
  });

  it('fail by script and by rate', async () => {
    const { sandbox } = await start({ knobs: { apiFailNext: 1, apiFailStatus: 503 } });
    expect([(await ask(sandbox)).status, (await ask(sandbox)).status]).toEqual([503, 200]);
    sandbox.pipedrive!.turnKnobs({ apiFailRate: 1 });
    expect((await ask(sandbox)).status).toBe(503);
  });
});
