import { expect, it } from 'vitest';
import { buildCurlLine } from './curl-line.js';

const connect = (source: string, config: Record<string, unknown>) => ({
  tenant: 'acme',
  name: 'in out',
  source,
  config,
});

it('delivers to the first CloudEvents connection that knows a token', () => {
  const line = buildCurlLine(
    [connect('hubspot', {}), connect('cloudevents', { tokens: ['t1', 't2'] })],
    'http://127.0.0.1:1',
  );
  expect(line).toContain("curl -i http://127.0.0.1:1/webhooks/acme/in%20out -H 'authorization: Bearer t1'");
});

it.each([[[]], [[connect('hubspot', { tokens: ['t'] })]], [[connect('cloudevents', {})]]])(
  'has nothing to say for %j',
  (connections) => {
    expect(buildCurlLine(connections, 'http://127.0.0.1:1')).toBeUndefined();
  },
);
