import { describe, expect, it } from 'vitest';
import { open } from '../../sandbox.fixture.js';
import { Knobs } from '../webhooks/knobs.js';
import { takeFault } from './api-faults.js';

describe('takeFault', () => {
  const never = (): number => {
    throw new Error('nothing to be drawn');
  };

  it.each([
    [{}, [undefined]],
    [{ apiFailNext: 2 }, ['502', '502', undefined]],
    [{ apiScript: ['429', 'ok', 'slow'] as const, apiFailNext: 1 }, ['429', undefined, 'slow', '502', undefined]],
  ])('%j', (turned, expected) => {
    const knobs = Object.assign(new Knobs(), structuredClone(turned));
    expect(expected.map(() => takeFault(knobs, never))).toEqual(expected);
  });

  it.each([
    ['apiFailRate', '502'],
    ['apiLimitRate', '429'],
    ['apiSlowRate', 'slow'],
  ])('%s', (knob, fault) => {
    const knobs = Object.assign(new Knobs(), { [knob]: 0.3 });
    expect([0.29, 0.3].map((chance) => takeFault(knobs, () => chance))).toEqual([fault, undefined]);
  });
});

describe('faults of the API', () => {
  const ask = (url: string, token: string) =>
    fetch(`${url}/crm/v3/owners`, { headers: { authorization: `Bearer ${token}` } });

  it('by script, over HTTP, each in HubSpot’s form', async () => {
    const sandbox = await open();
    const apiScript = ['429', '401', '403', '503', 'ok', 'slow'];
    const turned = await fetch(`${sandbox.url}/sandbox/knobs`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ apiScript, apiSlowMs: 80 }),
    });
    expect(turned.status).toBe(200);
    const answers = [];
    for (const _ of apiScript) {
      const began = performance.now();
      const response = await ask(sandbox.url, sandbox.accessToken);
      answers.push([response.status, performance.now() - began > 79, await response.json()]);
    }
    expect(answers).toMatchObject([
      [429, false, { errorType: 'RATE_LIMIT', policyName: 'TEN_SECONDLY_ROLLING' }],
      [401, false, { category: 'EXPIRED_AUTHENTICATION' }],
      [403, false, { category: 'MISSING_SCOPES' }],
      [503, false, { status: 'error' }],
      [200, false, {}],
      [200, true, {}],
    ]);
  });

  it('refuses a script with a word that it does not know', async () => {
    const sandbox = await open();
    expect(() => sandbox.turnKnobs({ apiScript: ['418' as '429'] })).toThrow(/apiScript/);
  });

  it('ends all tokens that were issued, not the private app’s', async () => {
    const sandbox = await open();
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: 'sandbox-client-id',
      client_secret: sandbox.clientSecret,
      refresh_token: 'sandbox-refresh-token',
    });
    const issue = async () => {
      const response = await fetch(`${sandbox.url}/oauth/v1/token`, { method: 'POST', body: form });
      return ((await response.json()) as { access_token: string }).access_token;
    };
    const token = await issue();
    expect((await ask(sandbox.url, token)).status).toBe(200);
    await fetch(`${sandbox.url}/sandbox/tokens/expire`, { method: 'POST' });
    expect((await ask(sandbox.url, token)).status).toBe(401);
    expect((await ask(sandbox.url, await issue())).status).toBe(200);
    expect((await ask(sandbox.url, sandbox.accessToken)).status).toBe(200);
  });

  it('a clock that is ahead: records and signatures are of its time', async () => {
    const sandbox = await open({ now: () => 1_774_368_000_000, knobs: { clockSkewMs: -600_000 } });
    const { updatedAtMs } = sandbox.crm.create('contacts', {}, { actor: { changeSource: 'CRM_UI', sourceId: 'x' } });
    expect(updatedAtMs).toBe(1_774_367_400_000);
  });
});
