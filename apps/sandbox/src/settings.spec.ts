import { expect, it } from 'vitest';
import { readSettings } from './settings.js';

it.each([
  ['nothing', {}, { target: {}, port: undefined }],
  ['empty variables as unset', { PORT: '', SANDBOX_TARGET_URL: '', SANDBOX_PLAY: '' }, { target: {}, port: undefined }],
  ['a port', { PORT: '0' }, { port: 0 }],
  [
    'a target',
    { SANDBOX_TARGET_URL: 'http://t', SANDBOX_PUBLIC_URL: 'https://p' },
    { target: { url: 'http://t', publicUrl: 'https://p' } },
  ],
  ['a play', { SANDBOX_PLAY: '1' }, { eventsPerMinute: 30 }],
  ['its speed', { SANDBOX_PLAY: '1', SANDBOX_EVENTS_PER_MINUTE: '120' }, { eventsPerMinute: 120 }],
  ['a Salesforce face', { SANDBOX_SALESFORCE: '1' }, { salesforce: {} }],
  [
    'its port and its secret',
    { SANDBOX_SALESFORCE: '1', SANDBOX_PUBSUB_PORT: '7443', SANDBOX_SALESFORCE_CLIENT_SECRET: 's' },
    { salesforce: { clientSecret: 's', pubsub: { port: 7_443 } } },
  ],
  ['Pipedrive beside', { SANDBOX_PIPEDRIVE: '1' }, { pipedrive: {} }],
  ['a seed', { SANDBOX_SEED: '7' }, { seed: 7 }],
])('reads %s', (_, env, expected) => expect(readSettings(env)).toMatchObject(expected));

it('leaves the play alone unless it is asked for', () => {
  expect(readSettings({ SANDBOX_PLAY: '0', SANDBOX_EVENTS_PER_MINUTE: '120' })).not.toHaveProperty('eventsPerMinute');
});

it('has no Salesforce face unless it is asked for', () => {
  expect(readSettings({ SANDBOX_PUBSUB_PORT: '7443' })).not.toHaveProperty('salesforce');
});

it('refuses a number that is none', () => {
  expect(() => readSettings({ PORT: 'http' })).toThrow(/PORT must be a number/);
});
