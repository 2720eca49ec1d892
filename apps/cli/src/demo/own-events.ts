import { setTimeout as delay } from 'node:timers/promises';
import { MeshError } from '@crm-mesh/contract';

/** What the demo itself posts to the CloudEvents connection, and what must come of it. */
export interface OwnEvents {
  sent: number;
  duplicates: number;
  companies: number;
  /** Well-formed CloudEvents whose record breaks its schema: dead letters of the normaliser. */
  poison: number;
}

export interface OwnEventsTarget {
  /** `http://127.0.0.1:8080/webhooks/acme/events` */
  url: string;
  token: string;
}

/** What a record cannot be without: any other field that breaks the schema would only be left out. */
export const POISON = { name: 'Poison', status: 'nearly won' };
const COMPANIES = 5;
const DUPLICATES = 3;

/** Five companies, three of them told twice, and one deal with a status that is none. */
export async function sendOwnEvents(target: OwnEventsTarget): Promise<OwnEvents> {
  const companies = Array.from({ length: COMPANIES }, (_, index) =>
    buildEvent('company.created', `demo-${index + 1}`, { name: `Company ${index + 1}` }),
  );
  const poison = buildEvent('deal.created', 'demo-poison', POISON);
  const all = [...companies, ...companies.slice(0, DUPLICATES), poison];
  for (const event of all) await post(target, event);
  return { sent: all.length, duplicates: DUPLICATES, companies: COMPANIES, poison: 1 };
}

function buildEvent(type: string, id: string, data: object): object {
  return {
    specversion: '1.0',
    id: `${type}-${id}`,
    source: '/demo',
    type,
    subject: `${type.split('.')[0]}/${id}`,
    data,
  };
}

const TRIES = 5;
const WAIT_MS = 500;
const TIMEOUT_MS = 10_000;

async function post({ url, token }: OwnEventsTarget, event: object): Promise<void> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/cloudevents+json' };
  let status = 0;
  for (let tries = 1; tries <= TRIES; tries += 1) {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(event), signal });
    if (response.ok) return;
    status = response.status;
    await delay(WAIT_MS);
  }
  throw new MeshError('MESH_DEMO_FAILED', `The publisher answered ${status} to an event of the demo (${url}).`);
}
