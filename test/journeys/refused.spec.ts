import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createHmac } from 'node:crypto';
import { STREAM_NAMES } from '@crm-mesh/jetstream';
import { HUBSPOT_SECRET, startTestMesh, TOKEN, type TestMesh } from './test-mesh.js';

let mesh: TestMesh;

beforeAll(async () => void (mesh = await startTestMesh()));
afterAll(() => mesh.stop());

const ITEM = { eventId: 1, subscriptionType: 'contact.creation', portalId: 1, appId: 1, objectId: 4711, occurredAt: 1 };

/** As HubSpot signs (v3). */
function sign(secret: string, { url, body, timestampMs }: { url: string; body: string; timestampMs: number }): string {
  return createHmac('sha256', secret).update(`POST${url}${body}${timestampMs}`).digest('base64');
}

async function postHubspot(
  secret: string,
  { sent, signed, ageMs = 0 }: { sent: string; signed: string; ageMs?: number },
) {
  const path = '/webhooks/acme/hubspot';
  const timestampMs = Date.now() - ageMs;
  const signature = sign(secret, { url: mesh.publisher.url + path, body: signed, timestampMs });
  return request(mesh.publisher.url)
    .post(path)
    .set('content-type', 'application/json')
    .set('x-hubspot-request-timestamp', String(timestampMs))
    .set('x-hubspot-signature-v3', signature)
    .send(sent);
}

async function postShop(token: string | undefined, id: string) {
  const event = {
    specversion: '1.0',
    id,
    source: '/shop',
    type: 'contact.created',
    data: { id, email: 'a@b.example' },
  };
  const post = request(mesh.publisher.url)
    .post('/webhooks/acme/shop')
    .set('content-type', 'application/cloudevents+json');
  return (token === undefined ? post : post.set('authorization', `Bearer ${token}`)).send(JSON.stringify(event));
}

/** How much each stream has ever taken. */
async function readStreams(): Promise<Record<string, number>> {
  const states = STREAM_NAMES.map(async (name) => [name, (await mesh.nats.streamState(name)).lastSequence] as const);
  return Object.fromEntries(await Promise.all(states));
}

describe('a webhook whose signature is wrong', () => {
  it('is refused, and stored nowhere: no stream, no ledger, no plugin sees it', async () => {
    for (const name of ['everything', 'contacts'])
      mesh.writePlugin(name, { events: name === 'contacts' ? "'contact.*'" : "'*'" });
    await vi.waitFor(
      async () => {
        for (const name of ['everything', 'contacts'])
          expect(await mesh.nats.durableState('CRM_EVENTS', name)).toBeDefined();
      },
      { timeout: 15_000 },
    );
    const before = await readStreams();
    const body = JSON.stringify([ITEM]);
    const altered = JSON.stringify([{ ...ITEM, objectId: 4712 }]);
    const refused = [
      await postHubspot('another secret', { sent: body, signed: body }),
      await postHubspot(HUBSPOT_SECRET, { sent: altered, signed: body }),
      await postHubspot(HUBSPOT_SECRET, { sent: body, signed: body, ageMs: 3_600_000 }),
      await postShop('another token', 'forged'),
      await postShop(undefined, 'bare'),
    ];
    for (const answer of refused) {
      expect(answer.status).toBe(401);
      expect(answer.headers['content-type']).toContain('application/problem+json');
      expect(answer.text).not.toMatch(/secret|token|4711|signature-v3/);
    }
    expect(await readStreams()).toEqual(before);

    // What is sent after it and is right goes all the way, and is all that ever was there.
    expect((await postShop(TOKEN, 'right')).status).toBe(202);
    await mesh.settled('everything', 'contacts');
    await vi.waitFor(async () => expect((await mesh.readLedger()).map(({ id }) => id)).toEqual(['right']));
    for (const name of ['everything', 'contacts']) expect(mesh.effects(name)).toEqual(['right 1 crm.contact.created']);
    expect(await readStreams()).toEqual({
      ...before,
      CRM_RAW: before['CRM_RAW']! + 1,
      CRM_EVENTS: before['CRM_EVENTS']! + 1,
    });
    // The same request with its true signature is taken: it was the signature that was refused.
    expect((await postHubspot(HUBSPOT_SECRET, { sent: body, signed: body })).status).toBe(202);
  });
});
