import { buildEvent, eventSubject, type AnyRecord } from '@crm-mesh/contract';

/** What is published: a canonical event of about 1 KB, as the normaliser writes it. */
export interface CrmMessage {
  subject: string;
  payload: Buffer;
  messageId: string;
}

export const EVENT_HEADERS = { 'content-type': 'application/cloudevents+json' };
export const TENANT = 'acme';
export const CONNECTION = 'bench';
const FIRST_CHANGE_MS = Date.UTC(2026, 0, 15);

/** A deal with everything that CRMs fill in, about 700 bytes. */
export function makeDeal(
  id: string,
  version: number,
  custom: Record<string, unknown> = {},
): AnyRecord & { id: string } {
  return {
    id,
    ownerId: '51834027',
    createdAt: '2025-11-03T08:12:44.000Z',
    modifiedAt: timeOfChange(version),
    name: `Renewal ${id}, revision ${version}`,
    amount: { value: '12450.00', currency: 'EUR' },
    status: 'open',
    stage: version % 2 === 0 ? 'contractsent' : 'presentationscheduled',
    stageName: version % 2 === 0 ? 'Contract sent' : 'Presentation scheduled',
    pipeline: 'default',
    probability: 0.6,
    closeDate: '2026-03-31',
    companyId: '9008134721',
    contactIds: ['70114', '70115', '70231'],
    lines: [
      {
        sku: 'SUB-PRO-12',
        name: 'Subscription Pro, 12 months',
        quantity: '25',
        total: { value: '11250.00', currency: 'EUR' },
      },
      { sku: 'ONB-1', name: 'Onboarding', quantity: '1', total: { value: '1200.00', currency: 'EUR' } },
    ],
    custom: { region: 'emea', ...custom },
  } as AnyRecord & { id: string };
}

export function timeOfChange(version: number): string {
  return new Date(FIRST_CHANGE_MS + version * 1_000).toISOString();
}

/** Events of `count / perRecord` records, one record after the other. `run` keeps the ids of one run from another's. */
export function makeEvents(
  count: number,
  { run, perRecord = 1, custom }: { run: string; perRecord?: number; custom?: Record<string, unknown> },
): CrmMessage[] {
  return Array.from({ length: count }, (_, index) =>
    makeEvent({
      id: `${run}-${Math.floor(index / perRecord)}`,
      version: (index % perRecord) + 1,
      correlationId: `${run}-${index}`,
      custom,
    }),
  );
}

export interface EventToMake {
  id: string;
  version: number;
  correlationId?: string;
  custom?: Record<string, unknown> | undefined;
}

export function makeEvent({ id, version, correlationId = `${id}@${version}`, custom }: EventToMake): CrmMessage {
  const action = version === 1 ? 'created' : 'updated';
  const address = { tenant: TENANT, connection: CONNECTION, entity: 'deal', action, id };
  const event = buildEvent({
    address,
    version,
    origin: 'webhook',
    time: timeOfChange(version),
    correlationId,
    causationId: correlationId,
    record: makeDeal(id, version, custom),
    changes: version === 1 ? {} : { stage: { from: 'presentationscheduled', to: 'contractsent' } },
  });
  return { subject: eventSubject(address), payload: Buffer.from(JSON.stringify(event)), messageId: event.id };
}
