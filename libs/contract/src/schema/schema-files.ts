import { makeAsyncApi } from './asyncapi.js';
import { ENVELOPE_SCHEMA } from './envelope-schema.js';
import { SCHEMA_NAMES, listEventTypes, makeEventSchema } from './event-schema.js';
import { NOTIFICATION_SCHEMA } from './notification-schema.js';
import { makeDataSchema, makeRecordSchema } from './record-schema.js';

/** The module of which checkers take the schemas of records: so they need neither the classes nor files. */
export function makeSchemaModule(): string {
  const schemas = JSON.stringify(Object.fromEntries(SCHEMA_NAMES.map((name) => [name, makeRecordSchema(name)])));
  const text = schemas.replaceAll('\\', '\\\\').replaceAll("'", "\\'");
  return `// Written by scripts/generate-schema.mjs, never by hand.\nexport const RECORD_SCHEMAS =\n  '${text}';\n`;
}

/** Everything that stands in `libs/contract/schema`: path → text. Generated, never edited. */
export function makeSchemaFiles(): Map<string, string> {
  const files = new Map<string, object>([
    ['asyncapi.json', makeAsyncApi()],
    ['events/envelope.json', ENVELOPE_SCHEMA],
    ['notification.json', NOTIFICATION_SCHEMA],
  ]);
  for (const name of SCHEMA_NAMES) {
    files.set(`${name}.json`, makeDataSchema(name));
    files.set(`records/${name}.json`, makeRecordSchema(name));
  }
  for (const [name, action] of listEventTypes()) {
    files.set(`events/${name}.${action}.json`, makeEventSchema(name, action));
  }
  return new Map([...files].map(([path, content]) => [path, `${JSON.stringify(content, null, 2)}\n`]));
}
