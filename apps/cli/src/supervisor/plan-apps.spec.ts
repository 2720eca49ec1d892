import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '@crm-mesh/config';
import { afterAll, expect, it } from 'vitest';
import { describeSandbox, needsSandbox, planApps } from './plan-apps.js';

const folder = mkdtempSync(join(tmpdir(), 'mesh-plan-'));
afterAll(() => rmSync(folder, { recursive: true }));

const secrets = { sandboxSecret: 's', sandboxToken: 't', eventsToken: 'e' };
const ports = { publisher: 1, host: 2, sandbox: 3 };

const SANDBOX_YAML =
  'connections: [{ tenant: acme, name: crm, source: hubspot, config: { apiUrl: "${env:MESH_SANDBOX_URL}", clientSecrets: ["${env:MESH_SANDBOX_SECRET}"] } }]';

function plan(yaml: string, play = true) {
  writeFileSync(join(folder, 'mesh.yaml'), yaml);
  const config = loadConfig({ cwd: folder, env: describeSandbox(secrets, 3) });
  return planApps({
    config,
    ports,
    secrets,
    natsUrl: 'nats://n',
    play,
    cwd: folder,
    env: { PATH: '/bin', PORT: '9' },
  });
}

it('runs the sandbox for a mesh.yaml that refers to it, and tells it where to send', () => {
  const apps = plan(SANDBOX_YAML);
  expect(apps.map((app) => [app.name, app.env['PORT']])).toEqual([
    ['publisher', '1'],
    ['host', '2'],
    ['sandbox', '3'],
  ]);
  expect(apps[0]?.env).toMatchObject({
    PATH: '/bin',
    NATS_URL: 'nats://n',
    MESH_CONFIG: join(folder, 'mesh.yaml'),
    MESH_DATA_DIR: join(folder, '.mesh'),
    MESH_SANDBOX_URL: 'http://127.0.0.1:3',
  });
  expect(apps[2]?.env).toMatchObject({
    SANDBOX_TARGET_URL: 'http://127.0.0.1:1/webhooks/acme/crm',
    SANDBOX_CLIENT_SECRET: 's',
    SANDBOX_ACCESS_TOKEN: 't',
  });
});

it('lets wait only a sandbox that plays at once, and for the publisher', () => {
  expect(plan(SANDBOX_YAML).map((app) => app.after)).toEqual([undefined, undefined, 'publisher']);
  expect(plan(SANDBOX_YAML, false).map((app) => app.after)).toEqual([undefined, undefined, undefined]);
});

it("leaves a team's own mesh.yaml alone", () => {
  expect(plan('connections: []').map((app) => app.name)).toEqual(['publisher', 'host']);
  expect(needsSandbox({ references: [] })).toBe(false);
});
