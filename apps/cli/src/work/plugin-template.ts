import type { EventPattern } from '@crm-mesh/contract';

/** `plugins/<name>.plugin.ts`: small enough to be read at once. */
export function buildPluginTemplate(name: string, events: readonly EventPattern[]): string {
  const list = events.map((event) => `'${event}'`).join(', ');
  return `import { definePlugin } from '@crm-mesh/sdk';

export default definePlugin({
  name: '${name}',
  description: 'What it does, in one line.',
  events: [${list}],
  // Returning settles the event. Throwing tries it again: PermanentError buries it, RetryLater and Unavailable wait.
  async handle(event, { log, idempotencyKey }) {
    log.info({ event: event.id, idempotencyKey }, 'got it');
  },
});
`;
}

/** Its test, which needs no server. */
export function buildSpecTemplate(name: string, type: string): string {
  return `import { expect, it } from 'vitest';
import { testPlugin } from '@crm-mesh/sdk/testing';
import plugin from './${name}.plugin.js';

it('handles ${type}', async () => {
  const run = await testPlugin(plugin).send('${type}', { id: '4711' });
  expect(run.settled).toBe('acked');
});
`;
}

/** A type that stands for the patterns: `deal.*` → `deal.created`. */
export function chooseSampleType(events: readonly EventPattern[]): string {
  const [first = '*'] = events;
  if (first === '*') return 'contact.created';
  return first.endsWith('.*') ? first.replace(/\*$/, 'created') : first;
}
