import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig, readPluginSettings, validateConfig } from '@crm-mesh/config';
import { findDropIns, loadPlugin } from '@crm-mesh/drop-ins';
import { SHIPPED_SOURCES } from '@crm-mesh/sources';
import { makeTempDir } from '@crm-mesh/testing';
import { listSources, readText, ROOT } from './repository.js';

// The release that reads mesh.yaml.
const yaml = createRequire(join(ROOT, 'libs/config/package.json'))('yaml') as {
  parse(text: string, options: { merge: boolean }): unknown;
};

interface Service {
  image?: string;
  build?: string;
  command?: string[];
  profiles?: string[];
  environment?: Record<string, string>;
  ports?: string[];
  volumes?: string[];
  configs?: { source: string; target: string }[];
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { test: string[] };
}

interface Compose {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
  configs: Record<string, { content: string }>;
}

const compose = yaml.parse(readText('docker-compose.yml'), { merge: true }) as Compose;
const dockerfile = readText('Dockerfile');
const services = Object.entries(compose.services);
const apps = ['publisher', 'host', 'sandbox'];
const code = listSources({ specs: false }).map(readText).join('\n');
const meshFile = readText('docker/mesh.yaml');

/** `${NAME:-default}` and `${NAME:?message}` → names. */
const listReferences = (text: string): string[] =>
  [...text.matchAll(/(?<!\$)\$\{(\w+)/g)].map((match) => match[1] ?? '');

describe('docker-compose.yml', () => {
  it('has the services and the profiles', () => {
    const always = services.filter(([, { profiles }]) => profiles === undefined).map(([name]) => name);
    expect(always).toEqual(['nats', 'postgres', 'publisher', 'host']);
    expect(compose.services['sandbox']?.profiles).toEqual(['sandbox']);
    const nodes = services.filter(([, { profiles }]) => profiles?.includes('cluster')).map(([name]) => name);
    expect(nodes).toEqual(['nats-1', 'nats-2', 'nats-3']);
    for (const node of nodes) {
      expect(compose.services[node]?.command).toContain(node);
      expect(compose.configs['nats-cluster']?.content).toContain(`nats://${node}:6222`);
    }
  });

  it.each(services)('%s refers only to what is declared', (name, service) => {
    const known = new Set(Object.keys(compose.services));
    expect(Object.keys(service.depends_on ?? {}).filter((other) => !known.has(other))).toEqual([]);
    for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
      const hasCheck =
        compose.services[other]?.healthcheck !== undefined ||
        (apps.includes(other) && dockerfile.includes('HEALTHCHECK'));
      expect([condition, hasCheck]).toEqual(['service_healthy', true]);
    }
    for (const { source } of service.configs ?? []) expect(compose.configs).toHaveProperty(source);
    for (const [source = ''] of (service.volumes ?? []).map((volume) => volume.split(':'))) {
      if (source.startsWith('./')) expect([name, source, existsSync(join(ROOT, source))]).toEqual([name, source, true]);
      else expect(compose.volumes).toHaveProperty(source);
    }
  });

  it('declares no volume and no config that nobody uses', () => {
    const used = new Set(
      services.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(':')[0] ?? '')),
    );
    expect(Object.keys(compose.volumes).filter((name) => !used.has(name))).toEqual([]);
    const sources = new Set(services.flatMap(([, { configs = [] }]) => configs.map(({ source }) => source)));
    expect(Object.keys(compose.configs).filter((name) => !sources.has(name))).toEqual([]);
  });

  it('publishes no port of the machine twice', () => {
    const taken = services.flatMap(([, { ports = [] }]) => ports.map((port) => port.split(':').at(-2)));
    expect(taken).toEqual([...new Set(taken)]);
  });

  it.each(apps)('runs %s as an app that there is, where the image lets it listen', (name) => {
    const { command = [], ports = [] } = compose.services[name] ?? {};
    const main = command.at(-1) ?? '';
    expect(main).toBe(`apps/${name}/dist/main.js`);
    expect(existsSync(join(ROOT, main.replace('/dist/', '/src/').replace(/\.js$/, '.ts')))).toBe(true);
    const port = /\bPORT=(\d+)/.exec(dockerfile)?.[1];
    expect(ports.map((published) => published.split(':').at(-1))).toEqual([port]);
  });

  it('sets no variable that nobody reads', () => {
    const read = (name: string): boolean =>
      new RegExp(`\\b${name}\\b`).test(code) || meshFile.includes(`\${env:${name}`);
    const set = apps.flatMap((name) => Object.keys(compose.services[name]?.environment ?? {}));
    expect(set.filter((name) => !read(name))).toEqual([]);
  });

  it('asks for the variables that docker/env.example explains', () => {
    const explained = [...readText('docker/env.example').matchAll(/^#?([A-Z_]+)=/gm)].map((match) => match[1]);
    const asked = listReferences(readText('docker-compose.yml'));
    expect(explained.filter((name) => !asked.includes(name ?? ''))).toEqual([]);
    const required = [...readText('docker-compose.yml').matchAll(/\$\{(\w+):\?/g)].map((match) => match[1]);
    expect([...new Set(required)].filter((name) => !explained.includes(name))).toEqual([]);
  });
});

describe('docker/mesh.yaml', () => {
  const temp = makeTempDir('containers');
  const environment = compose.services['publisher']?.environment ?? {};
  // As `docker compose` fills them in, with a .env that has every required name.
  const env = Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [
      name,
      value.replaceAll(/\$\{\w+:\?[^}]*\}/g, 'secret0').replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1'),
    ]),
  );
  const config = loadConfig({ file: join(ROOT, 'docker/mesh.yaml'), env, cwd: temp.path });

  it('is right with the variables that the services get', async () => {
    for (const [index, connection] of config.connections.entries()) {
      const source = SHIPPED_SOURCES.get(connection.source)!;
      await validateConfig(source.config, connection.config, `connections[${index}].config`);
    }
    expect(config.streams.CRM_EVENTS.replicas).toBe(1);
    expect(config.pluginFolders).toEqual(['/app/plugins']);
  });

  it('names the databases that the PostgreSQL service makes', () => {
    const made = [
      compose.services['postgres']?.environment?.['POSTGRES_DB'],
      /CREATE DATABASE (\w+)/.exec(compose.configs['second-database']?.content ?? '')?.[1],
    ];
    const { publisher, host } = config.store;
    expect([publisher, host].map((address) => new URL(address).pathname.slice(1))).toEqual(made);
    expect(new URL(publisher).host).toBe('postgres');
  });

  it('configures every shipped plugin that is not switched off', async () => {
    for (const dropIn of await findDropIns([join(ROOT, 'plugins')])) {
      const loaded = await loadPlugin(dropIn, { cacheFolder: temp.path });
      if (!loaded.ok) throw loaded.error;
      const settings = readPluginSettings(config, dropIn.name);
      const { config: schema } = loaded.plugin;
      if (settings.enabled && schema) await validateConfig(schema, settings.config, `plugins.${dropIn.name}`);
    }
    temp.remove();
  });

  it('connects the sandbox as the connection that it sends to', () => {
    const { SANDBOX_TARGET_URL: target = '', SANDBOX_PUBLIC_URL: publicUrl = '' } =
      compose.services['sandbox']?.environment ?? {};
    const hubspot = config.connections.find(({ source }) => source === 'hubspot');
    const path = `/webhooks/${hubspot?.tenant}/${hubspot?.name}`;
    expect(target).toBe(`http://publisher:8080${path}`);
    expect(publicUrl).toBe(`${environment['MESH_PUBLIC_URL']}${path}`);
  });
});

describe('Dockerfile', () => {
  it('ends as a user without rights, with a health check of a path that every app has', () => {
    expect(dockerfile).toMatch(/^USER node$/m);
    expect(dockerfile.lastIndexOf('USER node')).toBeLessThan(dockerfile.indexOf('HEALTHCHECK'));
    expect(dockerfile).toContain('/healthz');
    expect(readText('libs/telemetry/src/operation.controller.ts')).toContain("@Get('healthz')");
  });

  it('takes a Node that package.json allows, in both stages', () => {
    const majors = [...dockerfile.matchAll(/^FROM node:(\d+)/gm)].map((match) => Number(match[1]));
    expect(new Set(majors).size).toBe(1);
    expect(majors[0]).toBeGreaterThanOrEqual(22);
  });

  it('leaves out what a checkout must not bring', () => {
    const ignored = readText('.dockerignore').split('\n');
    for (const path of ['.env', '.git', '.mesh', '**/node_modules', '**/dist']) expect(ignored).toContain(path);
  });
});
