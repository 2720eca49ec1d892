import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { buildEvent } from '../build-event.js';
import { isDay, isTimestamp } from '../records/formats.js';
import { listEventTypes } from './event-schema.js';
import { eventSchemaUrl } from './json-schema.js';
import type { JsonSchema } from './json-schema.js';
import { makeSchemaFiles, makeSchemaModule } from './schema-files.js';

const folder = join(import.meta.dirname, '../../schema');
const files = makeSchemaFiles();

function makeAjv(): Ajv {
  const ajv = new Ajv({
    strict: true,
    strictTypes: false,
    strictRequired: false,
    formats: { date: isDay, 'date-time': isTimestamp },
  });
  for (const [path, text] of files) if (path !== 'asyncapi.json') ajv.addSchema(JSON.parse(text) as JsonSchema);
  return ajv;
}

function makeEvent(name: string, action: string): object {
  const entity = name === 'custom' ? 'custom-visit' : name;
  return buildEvent({
    address: { tenant: 'acme', connection: 'crm', entity, action, id: '1' },
    version: 1,
    origin: 'poll',
    time: '2026-03-24T15:59:58Z',
    correlationId: 'c',
    causationId: 'n',
    record: entity === 'deal' ? { id: '1', status: 'open' } : { id: '1' },
    changes: {},
  });
}

describe('libs/contract/schema', () => {
  it('is what the classes yield (else: tsc -b libs/contract && node libs/contract/scripts/generate-schema.mjs)', () => {
    const committed = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) =>
      path.endsWith('.json'),
    );
    expect(committed.map((path) => path.replaceAll('\\', '/')).toSorted()).toEqual([...files.keys()].toSorted());
    for (const [path, text] of files) expect([path, readFileSync(join(folder, path), 'utf8')]).toEqual([path, text]);
    expect(readFileSync(join(import.meta.dirname, 'record-schemas.ts'), 'utf8')).toBe(makeSchemaModule());
  });

  it('has a schema for every event type, which takes its events and no others', () => {
    const ajv = makeAjv();
    const types = listEventTypes();
    expect(types).toHaveLength(12 * 6 + 4 + 2 + 6);
    for (const [name, action] of types) {
      const validate = ajv.getSchema(eventSchemaUrl(`${name}.${action}`));
      const accepted = types.filter(
        ([otherName, otherAction]) => validate?.(makeEvent(otherName, otherAction)) === true,
      );
      expect(accepted).toEqual([[name, action]]);
    }
  });
});

describe('asyncapi.json', () => {
  const document = JSON.parse(files.get('asyncapi.json') ?? '') as Record<string, unknown>;

  it('refers to nothing outside of it, and to nothing that is missing', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1] ?? '');
    expect(references.length).toBeGreaterThan(100);
    for (const reference of new Set(references)) {
      const found = reference
        .slice(2)
        .split('/')
        .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], document);
      expect([reference, reference.startsWith('#/') && found !== undefined]).toEqual([reference, true]);
    }
  });

  it('has a message for every event type whose payload takes its events', () => {
    const ajv = new Ajv({ strict: false, formats: { date: isDay, 'date-time': isTimestamp } });
    ajv.addSchema(document, 'asyncapi');
    for (const [name, action] of listEventTypes()) {
      const validate = ajv.getSchema(`asyncapi#/components/messages/${name}.${action}/payload`);
      expect([name, action, validate?.(makeEvent(name, action))]).toEqual([name, action, true]);
      expect(validate?.({ ...makeEvent(name, action), data: {} })).toBe(false);
    }
  });
});
