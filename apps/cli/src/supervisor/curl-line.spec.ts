import { expect, it } from 'vitest';
import { buildCurlLine } from './curl-line.js';

const connect = (name: string, config: Record<string, unknown>, source = 'cloudevents') => ({
  tenant: 'acme',
  name,
  source,
  config,
});
const build = (connections: ReturnType<typeof connect>[]): string | undefined =>
  buildCurlLine({ connections, publisherUrl: 'http://127.0.0.1:1', demoToken: 'demo-1' });

it("delivers to the demo's connection, with its token", () => {
  const line = build([
    connect('crm', {}, 'hubspot'),
    connect('own', { tokens: ['secret-word'] }),
    connect('in out', { tokens: ['demo-1'] }),
  ]);
  expect(line).toContain("curl -i http://127.0.0.1:1/webhooks/acme/in%20out -H 'authorization: Bearer demo-1'");
});

it("shows no token of the user's own", () => {
  const line = build([connect('own', { tokens: ['secret-word', 'another-word'] })]);
  expect(line).toContain("curl -i http://127.0.0.1:1/webhooks/acme/own -H 'authorization: Bearer YOUR-TOKEN'");
  expect(line).not.toContain('-word');
});

it.each([[[]], [[connect('crm', { tokens: ['t'] }, 'hubspot')]], [[connect('own', {})]]])(
  'has nothing to say for %j',
  (connections) => expect(build(connections)).toBeUndefined(),
);
