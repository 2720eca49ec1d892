import { makeAsyncApi } from './asyncapi.js';
import { ENVELOPE_SCHEMA, SCHEMA_NAMES, listEventTypes, makeEventSchema } from './event-schema.js';
import { NOTIFICATION_SCHEMA } from './notification-schema.js';
import { makeDataSchema, makeRecordSchema } from './record-schema.js';

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
