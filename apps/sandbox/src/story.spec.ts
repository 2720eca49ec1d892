import { describe, expect, it, vi } from 'vitest';
import { listen, open } from './sandbox.fixture.js';
import { countTruth } from './story/count-truth.js';
import { DEFAULT_SCENARIO, planScenario } from './story/plan-scenario.js';
import { SmallCompany } from './story/small-company.js';
import type { ScenarioResult } from './start-sandbox.js';

const post = (url: string, body: unknown): Promise<Response> =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

describe('the scenario', () => {
  it('is the same for the same options', () => {
    expect(planScenario(DEFAULT_SCENARIO)).toEqual(planScenario(DEFAULT_SCENARIO));
    expect(planScenario({ ...DEFAULT_SCENARIO, seed: 2 })).not.toEqual(planScenario(DEFAULT_SCENARIO));
  });

  it('knows by itself what must come out', () => {
    expect(countTruth(planScenario(DEFAULT_SCENARIO))).toMatchObject({
      records: {
        contacts: { live: 5, archived: 1, erased: 1, merged: 1 },
        companies: { live: 8, archived: 0 },
        deals: { live: 12 },
        products: { live: 4 },
        leads: { live: 1 },
      },
      deals: { won: 4, lost: 4, open: 4 },
    });
  });

  it('leaves in the CRM what it told, and tells how many webhooks that made', async () => {
    const listener = await listen();
    const sandbox = await open({ target: { url: listener.url } });
    const answer = await post(`${sandbox.url}/sandbox/scenario`, { dayMs: 1, duplicates: 30 });
    expect(answer.status).toBe(200);
    const { truth, webhooks, settled } = (await answer.json()) as ScenarioResult;
    const state = sandbox.readState();
    for (const [type, { live, archived }] of Object.entries(truth.records))
      expect(state.records, type).toMatchObject({ [type]: { live, archived } });
    expect(state.deals).toEqual(truth.deals);
    expect(settled).toBe(true);
    expect(webhooks).toMatchObject({ duplicates: 30, dropped: 0, givenUp: 0, failedRequests: 0 });
    expect(webhooks.delivered).toBe(webhooks.made + 30);
    const sent = listener.items().map((item) => JSON.stringify(item));
    expect(sent).toHaveLength(webhooks.delivered);
    expect(new Set(sent).size).toBe(webhooks.made);
  });

  it('can be played again, and not twice at once', async () => {
    const sandbox = await open();
    await sandbox.playScenario({ dayMs: 1 });
    const again = sandbox.playScenario({ dayMs: 100 });
    expect((await post(`${sandbox.url}/sandbox/scenario`, {})).status).toBe(409);
    await again;
    expect(sandbox.readState().deals).toEqual({ won: 8, lost: 8, open: 8 });
    sandbox.play(60);
    expect((await post(`${sandbox.url}/sandbox/scenario`, {})).status).toBe(409);
    expect((await post(`${sandbox.url}/sandbox/scenario`, { companies: 0 })).status).toBe(400);
  });

  it('ends when the sandbox stops', async () => {
    const sandbox = await open();
    const played = sandbox.playScenario({ dayMs: 60_000 });
    await Promise.all([expect(played).rejects.toThrow(/abort/), sandbox.stop()]);
  });
});

describe('the small company', () => {
  const live = (seed: number, steps: number): ReturnType<SmallCompany['next']> => {
    const company = new SmallCompany(seed, '');
    return [...company.found(3), ...Array.from({ length: steps }, () => company.next()).flat()];
  };

  it('lives the same life for the same seed', () => {
    expect(live(3, 100)).toEqual(live(3, 100));
    expect(live(4, 100)).not.toEqual(live(3, 100));
  });

  it('wins and loses deals in both pipelines, and invents nobody who could exist', () => {
    const operations = live(1, 600);
    const { deals, records } = countTruth(operations);
    expect(deals.won).toBeGreaterThan(30);
    expect(deals.lost).toBeGreaterThan(5);
    expect(Object.values(records).every((states) => states.live > 0)).toBe(true);
    const text = JSON.stringify(operations);
    expect(text).toContain('148203314');
    expect(text).toContain('closedwon');
    const hosts = [...text.matchAll(/"(?:email|domain)":"(?:[^"@]*@)?([^"]+)"/g)].map(([, host]) => host ?? '');
    expect(hosts.length).toBeGreaterThan(50);
    expect(hosts.filter((host) => !/^[a-z0-9-]+\.example$/.test(host))).toEqual([]);
  });

  it('stops growing in the end, and goes on living', () => {
    const company = new SmallCompany(1, '');
    company.found(3);
    for (let step = 0; step < 30_000; step += 1) company.next();
    expect(company.deals.length).toBeLessThanOrEqual(2_000);
    expect(company.contacts.length).toBeLessThan(6_000);
    const later = Array.from({ length: 200 }, () => company.next()).flat();
    expect(later.some((operation) => operation.do === 'update' && 'dealstage' in operation.properties)).toBe(true);
  });

  it('is started, hurried and stopped over HTTP', async () => {
    const listener = await listen();
    const sandbox = await open({ target: { url: listener.url } });
    const started = await post(`${sandbox.url}/sandbox/play`, { eventsPerMinute: 60_000 });
    expect(await started.json()).toMatchObject({ running: true, eventsPerMinute: 60_000 });
    await vi.waitFor(() => expect(sandbox.readState().deals.won).toBeGreaterThan(2), { timeout: 20_000 });
    const stopped = (await (await post(`${sandbox.url}/sandbox/play`, { running: false })).json()) as { steps: number };
    await sandbox.webhooks.whenSettled();
    const state = (await (await fetch(`${sandbox.url}/sandbox/state`)).json()) as ReturnType<typeof sandbox.readState>;
    expect(state.play).toEqual({ running: false, eventsPerMinute: 0, steps: stopped.steps });
    expect(state.webhooks.delivered).toBe(listener.items().length);
    expect((await post(`${sandbox.url}/sandbox/play`, { eventsPerMinute: -1 })).status).toBe(400);
  });
});

describe('the receiver', () => {
  it.each(['/receiver', '/sandbox/receiver'])('%s keeps what comes, and fails when it is told to', async (path) => {
    const sandbox = await open({ knobs: { receiverFailNext: 1, receiverFailStatus: 503 } });
    const send = (id: string): Promise<Response> =>
      fetch(sandbox.url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'webhook-id': id, cookie: 'x' },
        body: '{"type":"deal.won"}',
      });
    expect([(await send('1')).status, (await send('1')).status, (await send('1')).status]).toEqual([503, 204, 204]);
    const told = (await (await fetch(sandbox.url + path)).json()) as { posts: unknown[] };
    expect(told).toMatchObject({ received: 3, accepted: 2, failed: 1, distinct: 1 });
    expect(told.posts[0]).toMatchObject({ status: 503, headers: { 'webhook-id': '1' }, body: { type: 'deal.won' } });
    expect(JSON.stringify(told)).not.toContain('cookie');
    await fetch(sandbox.url + path, { method: 'DELETE' });
    expect(sandbox.received.counts).toEqual({ received: 0, accepted: 0, failed: 0, distinct: 0 });
  });
});
