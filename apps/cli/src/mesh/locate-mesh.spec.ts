import { expect, it } from 'vitest';
import { chooseLocation, findDataDir, type LocationInput } from './locate-mesh.js';

const run = { nats: { url: 'nats://run' } };
const configured = { url: 'nats://yaml' };

it.each<[Partial<LocationInput>, object]>([
  [{}, { url: 'nats://127.0.0.1:4222', via: 'default' }],
  [{ configured }, { url: 'nats://yaml', via: 'mesh.yaml' }],
  [{ configured: {} }, { url: 'nats://127.0.0.1:4222', via: 'default' }],
  [
    { configured, run },
    { url: 'nats://run', via: 'run.json' },
  ],
  [
    { run, env: { NATS_CONTEXT: 'prod', NATS_CREDS: '/c' } },
    { context: 'prod', credsFile: '/c', via: 'NATS_CONTEXT' },
  ],
  [
    { run, env: { NATS_URL: 'nats://env', NATS_CONTEXT: 'prod' } },
    { url: 'nats://env', via: 'NATS_URL' },
  ],
  [
    { run, env: { NATS_URL: 'nats://env' }, options: { context: 'dev' } },
    { context: 'dev', via: '--context' },
  ],
  [
    { options: { context: 'dev', server: 'nats://o', creds: '/o' } },
    { url: 'nats://o', credsFile: '/o', via: '--server' },
  ],
])('%j', (input, expected) => expect(chooseLocation({ options: {}, env: {}, ...input })).toEqual(expected));

it.each<[Partial<LocationInput>, string | undefined]>([
  [{}, undefined],
  [{ configured: {} }, undefined],
  [{ configured }, 'mesh.yaml'],
  [{ run }, 'run.json'],
  [{ env: { NATS_URL: 'nats://env' } }, 'NATS_URL'],
  [{ options: { context: 'dev' } }, '--context'],
])('never takes the usual address for a data folder that was named: %j', (input, via) => {
  const choose = (): unknown =>
    chooseLocation({ options: {}, ...input, env: { ...input.env, MESH_DATA_DIR: '/data' } }).via;
  if (via === undefined) expect(choose).toThrow(/^MESH_NOT_RUNNING: No mesh runs in \/data\./);
  else expect(choose()).toBe(via);
});

it.each([
  [{}, '/here/.mesh'],
  [{ MESH_CONFIG: 'there/mesh.yaml' }, '/here/there/.mesh'],
  [{ MESH_CONFIG: '/abs/mesh.yaml' }, '/abs/.mesh'],
  [{ MESH_DATA_DIR: 'data', MESH_CONFIG: '/abs/mesh.yaml' }, '/here/data'],
])('data folder of %j', (env, expected) => expect(findDataDir({ env, cwd: '/here' })).toBe(expected));
