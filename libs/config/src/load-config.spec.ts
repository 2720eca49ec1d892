import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ConfigError, type ConfigProblem } from './config-error.js';
import { loadConfig, type LoadOptions } from './load-config.js';
import { resolveNats } from './nats-location.js';
import { readPluginSettings } from './plugin-settings.js';
import { listStreamLimits } from './stream-limits.js';

const folder = mkdtempSync(join(tmpdir(), 'mesh-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

function load(yaml: string, env: NodeJS.ProcessEnv = {}, options: Partial<LoadOptions> = {}) {
  writeFileSync(join(folder, 'mesh.yaml'), yaml);
  return loadConfig({ cwd: folder, env, ...options });
}

function findProblems(yaml: string, env: NodeJS.ProcessEnv = {}): readonly ConfigProblem[] {
  try {
    load(yaml, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('loadConfig', () => {
  it('fills in defaults, with absolute paths', () => {
    const config = load('');
    expect(config.file).toBe(join(folder, 'mesh.yaml'));
    expect(config.dataDir).toBe(join(folder, '.mesh'));
    expect(config.http).toMatchObject({ maxBodyBytes: 2_097_152, rateLimit: { perConnectionPerSecond: 200 } });
    expect(config.store).toMatchObject({
      publisher: `sqlite:${folder}/.mesh/publisher.db`,
      host: `sqlite:${folder}/.mesh/host.db`,
    });
    expect(config.pluginFolders).toEqual([join(folder, 'plugins')]);
    expect(listStreamLimits(config).CRM_EVENTS.maxAgeMs).toBe(400 * 86_400_000);
    expect(config.connections).toEqual([]);
  });

  it('needs no file at all', () => {
    expect(loadConfig({ cwd: tmpdir(), env: {} }).file).toBeUndefined();
  });

  it('reads every section', () => {
    writeFileSync(join(folder, 'token.txt'), 's3cret\n');
    const config = load(
      `http: { publicUrl: https://mesh.example.com, maxBodyBytes: 512kb, rateLimit: { perConnectionPerSecond: "\${env:RATE}" } }
store: { host: sqlite:data/host.db, publisher: postgres://u@h/db }
streams: { CRM_EVENTS: { maxAge: 7d, maxBytes: 1gb, replicas: 3 } }
pluginFolders: [plugins, ../more]
connections:
  - { tenant: acme, source: hubspot, config: { clientSecrets: ["\${env:HS:-x}", "a-\${env:HS2}-b"] } }
  - { tenant: acme, name: ce, source: cloudevents, config: { tokens: ["\${file:token.txt}", "$\${env:NOT}"] } }
plugins:
  deal-won-notifier: { webhookUrl: http://x, delivery: { maxAttempts: 3 } }
  audit-log: { enabled: false }
`,
      { RATE: '5', HS2: 'y', MESH_DATA_DIR: 'there' },
    );
    expect(config.http).toMatchObject({ maxBodyBytes: 524_288, rateLimit: { perConnectionPerSecond: 5 } });
    expect(config.store).toMatchObject({ publisher: 'postgres://u@h/db', host: `sqlite:${folder}/data/host.db` });
    expect(listStreamLimits(config).CRM_EVENTS).toEqual({ maxAgeMs: 604_800_000, maxBytes: 2 ** 30, replicas: 3 });
    expect(config.connections).toMatchObject([
      { name: 'hubspot', config: { clientSecrets: ['x', 'a-y-b'] } },
      { name: 'ce', config: { tokens: ['s3cret', '${env:NOT}'] } },
    ]);
    expect(config.dataDir).toBe(join(folder, 'there'));
    expect(config.references.map(({ path, name, found }) => ({ path, name, found }))).toContainEqual({
      path: 'connections[0].config.clientSecrets[0]',
      name: 'HS',
      found: false,
    });
    expect(readPluginSettings(config, 'deal-won-notifier')).toEqual({
      enabled: true,
      delivery: { maxAttempts: 3 },
      config: { webhookUrl: 'http://x' },
    });
    expect(readPluginSettings(config, 'audit-log').enabled).toBe(false);
    expect(readPluginSettings(config, 'contact-table')).toEqual({ enabled: true, delivery: {}, config: {} });
  });

  it.each([
    ['htpp: {}', 1, 'htpp', 'Did you mean "http"?'],
    ['http:\n  publicURL: http://x', 2, 'http.publicURL', 'Did you mean "publicUrl"?'],
    ['http:\n  publicUrl: mesh', 2, 'http.publicUrl', 'Mend the value.'],
    ['http:\n  maxBodyBytes: lots', 2, 'http.maxBodyBytes', 'Mend the value.'],
    ['streams:\n  CRM_EVENT: {}', 2, 'streams.CRM_EVENT', 'Did you mean "CRM_EVENTS"?'],
    ['streams:\n  CRM_RAW:\n    maxAge: 7 moons', 3, 'streams.CRM_RAW.maxAge', 'Mend the value.'],
    ['connections:\n  - tenant: acme', 2, 'connections[0].source', 'Add the key.'],
    [
      'connections:\n  - tenant: acme\n    souce: x\n    source: x',
      3,
      'connections[0].souce',
      'Did you mean "source"?',
    ],
    ['plugins:\n  audit-log: yes please', 2, 'plugins.audit-log', 'Write `key: value` lines below it.'],
    ['nats:\n  url: http://x', 2, 'nats.url', 'Mend the value.'],
    ['- a', undefined, '', 'Write `key: value` lines below it.'],
    ['a: 1\na: 2', 2, '', 'Mend the line'],
    ['http: {\n', 2, '', 'Mend the line'],
    [
      'connections:\n  - tenant: a\n    source: s\n    config:\n      token: ${env:GONE}',
      5,
      'connections[0].config.token',
      'Set GONE, or give a default: ${env:GONE:-…}.',
    ],
    ['nats:\n  creds: ${vault:x}', 2, 'nats.creds', 'Write ${env:NAME}'],
    [
      'connections:\n  - { tenant: a, source: s }\n  - { tenant: a, source: s }',
      3,
      'connections[1]',
      'Give each connection',
    ],
  ])('refuses %j with line %s, path and cure', (yaml, line, path, cure) => {
    const problem = findProblems(yaml).find((candidate) => candidate.path === path);
    expect(problem).toMatchObject({ path, file: join(folder, 'mesh.yaml') });
    expect(problem?.line).toBe(line);
    expect(problem?.cure).toContain(cure);
  });

  it('tells all problems at once, in the order of the file', () => {
    const problems = findProblems('nats:\n  url: x\nhttp:\n  foo: 1\nconnections: [{}]');
    expect(problems.map((problem) => problem.line)).toEqual([2, 4, 5, 5]);
  });

  it('names file and line in the message', () => {
    expect(() => load('htpp: {}')).toThrow(
      `MESH_CONFIG_INVALID: ${folder}/mesh.yaml:1 htpp is no known key. Did you mean "http"?`,
    );
  });

  it('refuses a named file that is not there', () => {
    expect(() => loadConfig({ file: 'nope.yaml', cwd: folder, env: {} })).toThrow(
      /nope\.yaml cannot be read \(ENOENT\)/,
    );
  });

  it('lets a plugin with a missing secret fail alone', () => {
    const config = load(
      'plugins:\n  a: { secret: "${env:GONE}" }\n  b: {}\n  c: { enabled: false, secret: "${env:GONE}" }',
    );
    expect(() => readPluginSettings(config, 'a')).toThrow(/mesh\.yaml:2 plugins\.a\.secret needs .* GONE/);
    expect(readPluginSettings(config, 'b').enabled).toBe(true);
    expect(readPluginSettings(config, 'c').enabled).toBe(false);
  });

  it('reads limits, numbers out of the environment included, and refuses what is none', () => {
    const limits = 'rateLimit: { perSecond: "2.5" }, each: { by: tenant, concurrency: 2 }';
    const config = load(`plugins:\n  a: { delivery: { ${limits} } }\n  b: { delivery: { each: { by: owner } } }`);
    const { delivery } = readPluginSettings(config, 'a');
    expect(delivery).toEqual({ rateLimit: { perSecond: 2.5 }, each: { by: 'tenant', concurrency: 2 } });
    expect(() => readPluginSettings(config, 'b')).toThrow(/plugins\.b\.delivery\.each\.by.*such as data\.ownerId/);
  });

  it('refuses wrong delivery overrides of one plugin', () => {
    const config = load('plugins:\n  a:\n    delivery:\n      maxAttemps: 3');
    expect(() => readPluginSettings(config, 'a')).toThrow(
      /mesh\.yaml:4 plugins\.a\.delivery\.maxAttemps .*"maxAttempts"/,
    );
  });

  it("does not ask for another app's secrets", () => {
    const yaml = 'connections:\n  - { tenant: a, source: s, config: { token: "${env:GONE}" } }';
    expect(load(yaml, {}, { sections: ['plugins'] }).connections).toHaveLength(1);
  });
});

describe('resolveNats', () => {
  it.each([
    [{ url: 'nats://a' }, {}, { url: 'nats://a' }],
    [{ context: 'prod' }, {}, { context: 'prod' }],
    [{ context: 'prod' }, { NATS_URL: 'nats://b' }, { url: 'nats://b' }],
    [{ url: 'nats://a', creds: '/c' }, { NATS_CONTEXT: 'dev' }, { context: 'dev', credsFile: '/c' }],
    [{}, {}, {}],
  ])('%j with %j', (nats, env, expected) => {
    expect(resolveNats({ nats: { maxClaimBytes: 1, ...nats } }, env)).toEqual(expected);
  });
});
