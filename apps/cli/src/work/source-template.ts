/** `plugins/<name>.source.ts`: signed webhooks that carry their record, which is where most CRMs begin. */
export function buildSourceTemplate(name: string): string {
  return `import { defineSource, type Change } from '@crm-mesh/sdk';
import {
  equalsInConstantTime,
  isObject,
  parseJsonBody,
  readId,
  refuseMapping,
  refuseNotification,
  toIsoTime,
} from '@crm-mesh/sdk/kit';
import { IsNotEmpty, IsString } from 'class-validator';
import { createHmac } from 'node:crypto';

/** \`connections[].config\` of mesh.yaml. */
class Config {
  /** Signs the webhooks. */
  @IsString()
  @IsNotEmpty()
  secret!: string;
}

const CHANGES = new Map<unknown, Change>([
  ['created', 'created'],
  ['updated', 'updated'],
  ['deleted', 'deleted'],
]);

export default defineSource<Config>({
  name: '${name}',
  config: Config,

  // Over the bytes as they came. Never throws.
  verify({ headers, body }, { config }) {
    const signature = headers['x-signature'];
    if (!signature) return { ok: false, code: 'signature-missing', reason: 'The header x-signature is missing.' };
    const expected = createHmac('sha256', config.secret).update(body).digest('hex');
    if (equalsInConstantTime(signature, expected)) return { ok: true, scheme: '${name}' };
    return { ok: false, code: 'signature-mismatch', reason: 'The signature is not that of the configured secret.' };
  },

  // {"event": "e-1", "action": "updated", "time": "2026-03-24T16:00:00Z", "contact": {"id": 7, "name": "Ada"}}
  split({ body }) {
    const event = parseJsonBody(body);
    const contact = isObject(event) ? event['contact'] : undefined;
    const id = isObject(contact) ? readId(contact['id']) : undefined;
    if (!isObject(event) || id === undefined) throw refuseNotification('the body names no contact.');
    const eventId = readId(event['event']);
    const modifiedAt = toIsoTime(event['time']);
    const change = CHANGES.get(event['action']);
    if (!eventId || !change || !modifiedAt?.includes('T'))
      throw refuseNotification('event, action or time is missing, or not what it should be.');
    // One notification for each record. The dedupeKey is the same when the CRM says the same again.
    return [{ entity: 'contact', id, change, modifiedAt, dedupeKey: eventId, payload: contact }];
  },

  // The record in canonical fields; what has no place among them goes to \`custom\`.
  map({ notification: { id, change, modifiedAt = '', payload } }) {
    if (change === 'deleted') return { state: 'deleted', modifiedAt };
    const name = isObject(payload) ? payload['name'] : undefined;
    if (typeof name !== 'string') throw refuseMapping(\`The contact \${id} has no name.\`);
    return { state: 'present', modifiedAt, record: { id, name, modifiedAt } };
  },
});
`;
}

/** Its test: the suite that every source passes, which needs no server. */
export function buildSourceSpecTemplate(name: string): string {
  return `import { testSource } from '@crm-mesh/sdk/testing';
import { createHmac } from 'node:crypto';
import { describe, it } from 'vitest';
import source from './${name}.source.js';

const secret = 'a secret of this test';
const body = '{"event":"e-1","action":"updated","time":"2026-03-24T16:00:00Z","contact":{"id":7,"name":"Ada"}}';
const gone = '{"event":"e-2","action":"deleted","time":"2026-03-24T16:05:00Z","contact":{"id":7}}';
const signature = createHmac('sha256', secret).update(body).digest('hex');
const modifiedAt = '2026-03-24T16:00:00.000Z';

const checks = testSource(source, {
  config: { secret },
  nowMs: Date.parse('2026-03-24T16:00:05Z'),
  // This signature holds no time: a recorded request could be sent again.
  proves: { body: true, time: false },
  signatures: [
    { name: 'a signed request', request: { headers: { 'x-signature': signature }, body }, expect: 'accept' },
    { name: 'a request with another body', request: { headers: { 'x-signature': signature }, body: gone }, expect: 'reject' },
  ],
  requests: [
    {
      name: 'an update',
      request: { body },
      notifications: [
        {
          draft: { entity: 'contact', id: '7', change: 'updated' },
          mapped: { state: 'present', modifiedAt, record: { id: '7', name: 'Ada', modifiedAt } },
        },
      ],
    },
    { name: 'a deletion', request: { body: gone }, notifications: [{ draft: { id: '7', change: 'deleted' } }] },
  ],
});

describe('${name}', () => {
  for (const { name, run } of checks) it(name, run);
});
`;
}
