import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { UI_ACTOR } from '../../start-sandbox.js';
import { openOrg } from '../salesforce.fixture.js';
import { isAcknowledged } from './envelope.js';

const ack = (value: boolean): string =>
  `<?xml version="1.0"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body><notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>${value}</Ack></notificationsResponse></soapenv:Body></soapenv:Envelope>`;

let close: () => void = () => undefined;
afterEach(() => close());

interface Listener {
  url: string;
  messages: string[];
  headers: Record<string, unknown>[];
  /** What each answer waits for. */
  mayAnswer: Promise<unknown>;
}

/** A server that answers the messages one after the other as told, then with an Ack. */
async function listen(...answers: string[]): Promise<Listener> {
  const listener: Listener = { url: '', messages: [], headers: [], mayAnswer: Promise.resolve() };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    listener.headers.push(request.headers);
    const nth = listener.messages.push(Buffer.concat(chunks).toString());
    await listener.mayAnswer;
    response.end(answers[nth - 1] ?? ack(true));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  close = () => server.close();
  listener.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks/acme/salesforce`;
  return listener;
}

const readAll = (message: string | undefined, name: string): string[] =>
  [...(message ?? '').matchAll(new RegExp(`<(?:sf:)?${name}>([^<]*)<`, 'g'))].map(([, value]) => value ?? '');

const QUICK = { outboundWaitMs: 10, outboundRetryMs: 10 };
const FIELDS = ['LastName', 'Title', 'Phone', 'LastModifiedById', 'SystemModstamp'];

describe('outbound messages', () => {
  it('carry the chosen fields of up to 100 records', async () => {
    const listener = await listen();
    const { sandbox, org } = await openOrg({ knobs: QUICK });
    org.setOutboundAction({ url: listener.url, object: 'Contact', fields: FIELDS });
    const made = Array.from({ length: 130 }, (_, index) =>
      sandbox.crm.create('contacts', { lastname: `N & ${index}` }, { actor: UI_ACTOR }),
    );
    await org.whenOutboundSettled();
    expect(listener.messages.map((message) => readAll(message, 'LastName').length)).toEqual([100, 30]);
    const [first] = listener.messages;
    expect(listener.headers[0]).toMatchObject({ 'content-type': 'text/xml; charset=utf-8', soapaction: '""' });
    expect(readAll(first, 'OrganizationId')).toEqual([org.organizationId]);
    expect(readAll(first, 'LastName')[0]).toBe('N &amp; 0');
    expect(first).toContain(`<sf:Id>${org.idOf('contacts', made[0]?.id ?? '')}</sf:Id>`);
    expect(first).toMatch(/<sf:SystemModstamp>[\d:T-]+\.000Z</);
    expect(first).not.toContain('sf:Phone');
  });

  it('come again until they are acknowledged, under the same ids, with the values of then', async () => {
    const listener = await listen(ack(false), 'no envelope at all');
    let answer = (): void => undefined;
    listener.mayAnswer = new Promise<void>((resolve) => (answer = resolve));
    const { sandbox, org } = await openOrg({ knobs: QUICK });
    org.setOutboundAction({ url: listener.url, object: 'Contact', fields: FIELDS });
    const [kept, gone] = ['Kept', 'Gone'].map((lastname) =>
      sandbox.crm.create('contacts', { lastname, jobtitle: 'First' }, { actor: UI_ACTOR }),
    );
    await vi.waitFor(() => expect(listener.messages.length).toBeGreaterThan(0));
    if (!kept || !gone) throw new Error('no contacts');
    sandbox.crm.archive(gone, UI_ACTOR);
    org.turnKnobs({ outboundPaused: true });
    sandbox.crm.update(kept, { jobtitle: 'Second' }, UI_ACTOR);
    answer();
    await vi.waitFor(() => expect(listener.messages).toHaveLength(3));
    expect(readAll(listener.messages[2], 'LastName')).toEqual(['Kept']);
    expect(readAll(listener.messages[2], 'Title')).toEqual(['Second']);
    const idsOf = (message: string | undefined): string[] =>
      [...(message ?? '').matchAll(/<Notification>\s*<Id>(\w+)/g)].map(([, id]) => id ?? '');
    expect(idsOf(listener.messages[2])).toEqual(idsOf(listener.messages[0]).slice(0, 1));
  });

  it('come twice, or never, when told to; none is sent of a deletion', async () => {
    const listener = await listen();
    const { sandbox, org } = await openOrg({ knobs: { ...QUICK, outboundDuplicateRate: 1 } });
    org.setOutboundAction({ url: listener.url, object: 'Contact', fields: FIELDS });
    const contact = sandbox.crm.create('contacts', { lastname: 'Twice' }, { actor: UI_ACTOR });
    await org.whenOutboundSettled();
    expect(listener.messages[1]).toBe(listener.messages[0]);
    org.turnKnobs({ outboundDropRate: 1 });
    sandbox.crm.update(contact, { lastname: 'Never' }, UI_ACTOR);
    sandbox.crm.archive(contact, UI_ACTOR);
    await org.whenOutboundSettled();
    expect(listener.messages).toHaveLength(2);
    expect(org.readState().outbound).toMatchObject({ made: 2, dropped: 1, delivered: 1, pending: 0 });
  });
});

it.each<[status: number, body: string, acknowledged: boolean]>([
  [200, ack(true), true],
  [200, ack(false), false],
  [200, '', false],
  [202, ack(true), false],
  [500, ack(true), false],
  [200, '<x:Ack>\n true </x:Ack>', true],
])('%i %s is acknowledged: %s', (status, body, acknowledged) => {
  expect(isAcknowledged(status, body)).toBe(acknowledged);
});
