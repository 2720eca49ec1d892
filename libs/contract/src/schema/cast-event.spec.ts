import { describe, expect, it } from 'vitest';
import { buildEvent } from '../build-event.js';
import type { MeshEvent } from '../envelope.js';
import { parseCheckedEvent, parseEvent } from '../parse-event.js';
import type { AnyRecord } from '../records/index.js';
import { castForReader, upcastEvent } from './cast-event.js';
import { dataSchemaUrl } from './json-schema.js';
import type { SchemaSteps, VersionedData } from './steps.js';

/** Version 1 had `title`, version 2 `name`; version 3 has money in `amount`, where 2 had a number and no currency. */
const STEPS: SchemaSteps = {
  deal: [
    { up: ({ title, ...rest }) => ({ ...rest, name: title }), down: ({ name, ...rest }) => ({ ...rest, title: name }) },
    { up: (data) => toMoney(data), down: (data) => toNumber(data) },
  ],
};

function toMoney({ amount, ...rest }: VersionedData): VersionedData {
  return amount === undefined ? rest : { ...rest, amount: { value: String(amount as number), currency: 'EUR' } };
}

function toNumber({ amount, ...rest }: VersionedData): VersionedData {
  return amount === undefined ? rest : { ...rest, amount: Number((amount as { value: string }).value) };
}

const FORMS = {
  1: { title: 'Kilns', amount: 5 },
  2: { name: 'Kilns', amount: 5 },
  3: { name: 'Kilns', amount: { value: '5', currency: 'EUR' } },
};

/** As it was told when that version was the newest. */
function told(version: number, data: object, action = 'updated'): MeshEvent {
  const address = { tenant: 'acme', connection: 'crm', entity: 'deal', id: '7', action };
  const ids = { correlationId: 'c', causationId: 'c', time: '2026-01-01T00:00:00Z', origin: 'webhook' as const };
  const event = buildEvent({ address, version: 1, ...ids, record: { id: '7', ...data } as AnyRecord, changes: {} });
  return { ...event, dataschema: dataSchemaUrl('deal', STEPS, version) };
}

const whole = (version: 1 | 2 | 3): MeshEvent => told(version, { status: 'open', ...FORMS[version] });

describe('an event', () => {
  it.each([1, 2, 3] as const)(
    'of version %i is read as the newest, checked as that, and left as it lies',
    (version) => {
      const old = whole(version);
      const text = JSON.stringify(old);
      expect(parseEvent(text, STEPS)).toEqual(whole(3));
      expect(parseCheckedEvent(text, STEPS)).toEqual(whole(3));
      expect(upcastEvent(old, STEPS)).toEqual(whole(3));
      expect(JSON.stringify(old)).toBe(text);
    },
  );

  it.each([1, 2, 3] as const)('reaches a reader of version %i as that, whenever it was told', (version) => {
    for (const at of [1, 2, 3] as const) {
      const newest = parseCheckedEvent(JSON.stringify(whole(at)), STEPS);
      expect(castForReader(newest, { deal: version }, STEPS)).toEqual(whole(version));
      expect(castForReader(newest, { contact: 1 }, STEPS)).toEqual(whole(3));
      expect(castForReader(newest, undefined, STEPS)).toEqual(whole(3));
    }
  });

  it('of a record that is gone is cast without what it does not have', () => {
    expect(parseCheckedEvent(JSON.stringify(told(1, {}, 'erased')), STEPS)).toEqual(told(3, {}, 'erased'));
  });

  it.each([
    ['newer than is known here', { ...whole(3), dataschema: dataSchemaUrl('deal', STEPS, 4) }],
    ['of another model', { ...whole(3), dataschema: 'https://example.com/deal/1' }],
    ['of no version', { ...whole(3), dataschema: dataSchemaUrl('deal', STEPS, 0) }],
  ])('%s is left as it is, and no plugin gets it', (_name, event) => {
    expect(parseEvent(JSON.stringify(event), STEPS)).toEqual(event);
    expect(() => parseCheckedEvent(JSON.stringify(event), STEPS)).toThrow(/MESH_EVENT_INVALID.*dataschema/);
  });

  it('is of version 1 as long as nothing has changed', () => {
    const event = told(1, { status: 'open' });
    expect(parseCheckedEvent(JSON.stringify(event))).toEqual(event);
    expect(castForReader(event, { deal: 1 })).toBe(event);
  });
});
