import { generateKeyPairSync } from 'node:crypto';
import PubSubApiClient from 'salesforce-pubsub-api-client';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { UI_ACTOR } from '../../start-sandbox.js';
import type { SalesforceOptions } from '../options.js';
import { openOrg, type OpenOrg } from '../salesforce.fixture.js';
import { makeCertificate } from './self-signed.fixture.js';

interface ParsedEvent {
  id: string;
  replayId: number;
  payload: {
    ChangeEventHeader: {
      changeType: string;
      recordIds: string[];
      changedFields: string[];
      nulledFields: string[];
      commitNumber: bigint;
    };
  } & Record<string, unknown>;
}

const TOPIC = '/data/ContactChangeEvent';
const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

let close: () => void = () => undefined;
afterEach(() => close());

/** The client cannot do without TLS, so the Pub/Sub API has a certificate; its setting allows one that signs itself. */
async function openWith(
  auth: (open: OpenOrg) => object,
  options: SalesforceOptions = {},
): Promise<{ open: OpenOrg; client: PubSubApiClient }> {
  const open = await openOrg({ ...options, pubsub: { tls: makeCertificate() } });
  const { org } = open;
  const config = {
    loginUrl: org.url,
    pubSubEndpoint: org.pubsubUrl,
    clientId: org.clientId,
    rejectUnauthorizedSsl: false,
    ...auth(open),
  };
  const client = new PubSubApiClient(config as ConstructorParameters<typeof PubSubApiClient>[0], quiet as never);
  close = () => client.close();
  await client.connect();
  return { open, client };
}

function gather(subscribe: (callback: never) => void): { events: ParsedEvent[]; signsOfLife: number } {
  const gathered = { events: [] as ParsedEvent[], signsOfLife: 0 };
  const callback = (_: unknown, type: string, data: ParsedEvent): void => {
    if (type === 'event') gathered.events.push(data);
    if (type === 'grpcKeepAlive') gathered.signsOfLife += 1;
  };
  subscribe(callback as never);
  return gathered;
}

const byCredentials = ({ org }: OpenOrg): object => ({
  authType: 'oauth-client-credentials',
  clientSecret: org.clientSecret,
});

describe("the Pub/Sub API's own client, unchanged", () => {
  it('decodes events, and goes on from a replay id', async () => {
    const { open, client } = await openWith(byCredentials, { knobs: { keepAliveMs: 20 } });
    const { org, sandbox } = open;
    const live = gather((callback) => client.subscribe(TOPIC, callback));
    await vi.waitFor(() => expect(live.signsOfLife).toBeGreaterThan(0));
    const contact = sandbox.crm.create('contacts', { lastname: 'Hartwig', phone: '1' }, { actor: UI_ACTOR });
    sandbox.crm.update(contact, { jobtitle: 'Buyer', phone: '', city: 'Potsdam' }, UI_ACTOR);
    await vi.waitFor(() => expect(live.events).toHaveLength(2));
    const [created, updated] = live.events;
    expect(created?.payload).toMatchObject({
      ChangeEventHeader: { changeType: 'CREATE', recordIds: [org.idOf('contacts', contact.id)] },
      LastName: 'Hartwig',
    });
    expect(created?.payload.ChangeEventHeader.commitNumber).toBeGreaterThan(2n ** 53n);
    expect(updated?.payload).toMatchObject({ Title: 'Buyer', Phone: null, LastName: null });
    expect(updated?.payload.ChangeEventHeader).toMatchObject({
      changedFields: expect.arrayContaining(['Title', 'Phone', 'LastModifiedDate', 'MailingAddress.City']) as unknown,
      nulledFields: ['Phone'],
    });
    const again = new PubSubApiClient(
      {
        authType: 'user-supplied',
        accessToken: org.accessToken,
        instanceUrl: 'https://brightwater.my.salesforce.example',
        organizationId: org.organizationId,
        pubSubEndpoint: org.pubsubUrl,
        rejectUnauthorizedSsl: false,
      } as ConstructorParameters<typeof PubSubApiClient>[0],
      quiet as never,
    );
    await again.connect();
    const resumed = gather((callback) => again.subscribeFromReplayId(TOPIC, callback, 10, created?.replayId ?? 0));
    await vi.waitFor(() => expect(resumed.events.map(({ id }) => id)).toEqual([updated?.id]));
    again.close();
  });

  it('signs in with a signed assertion, and gets all that is retained', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
    const privateKeyPem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const byJwt = (): object => ({
      authType: 'oauth-jwt-bearer',
      username: 'mesh@example.com',
      privateKey: privateKeyPem,
    });
    const { open, client } = await openWith(byJwt, { jwtPublicKey: publicKey });
    for (let index = 0; index < 3; index += 1)
      open.sandbox.crm.create('contacts', { lastname: `N${index}` }, { actor: UI_ACTOR });
    const all = gather((callback) => client.subscribeFromEarliestEvent(TOPIC, callback, 3));
    await vi.waitFor(() => expect(all.events.map(({ payload }) => payload['LastName'])).toEqual(['N0', 'N1', 'N2']));
  });
});
