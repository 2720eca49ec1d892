import type { LoadedConfig } from '@crm-mesh/config';
import { locateApp, type AppName, type AppSpec } from './app-process.js';
import type { DemoSecrets } from './demo-secrets.js';
import type { AppPorts } from './default-ports.js';

export interface AppPlan {
  config: Pick<LoadedConfig, 'file' | 'dataDir' | 'references' | 'connections'>;
  ports: AppPorts;
  secrets: DemoSecrets;
  /** Of the server that we run; undefined: the configuration says where NATS is. */
  natsUrl?: string;
  /** Whether the sandbox CRM lives its small company's life by itself. */
  play: boolean;
  eventsPerMinute?: number;
  cwd: string;
  env: NodeJS.ProcessEnv;
}

const LOCAL = 'http://127.0.0.1';

/** What mesh.yaml may refer to beside the user's own variables. */
export function describeSandbox(secrets: DemoSecrets, sandboxPort: number): Record<string, string> {
  return {
    MESH_SANDBOX_URL: `${LOCAL}:${sandboxPort}`,
    MESH_SANDBOX_SECRET: secrets.sandboxSecret,
    MESH_SANDBOX_TOKEN: secrets.sandboxToken,
    MESH_DEMO_TOKEN: secrets.eventsToken,
  };
}

/** The sandbox runs only for a mesh.yaml that refers to it: a team's own has real CRMs. */
export function needsSandbox({ references }: Pick<LoadedConfig, 'references'>): boolean {
  return references.some((reference) => reference.kind === 'env' && reference.name === 'MESH_SANDBOX_URL');
}

/** The connection whose secret is the sandbox's. */
export function findSandboxConnection({ references, connections }: AppPlan['config']): string | undefined {
  const reference = references.find(
    ({ segments: [section], name }) => section === 'connections' && name === 'MESH_SANDBOX_SECRET',
  );
  const connection = connections[Number(reference?.segments[1])];
  return connection && `${connection.tenant}/${connection.name}`;
}

/** The processes of a mesh, in the order in which they are named; `after` says what waits for what. */
export function planApps(plan: AppPlan): AppSpec[] {
  const { ports, cwd, config } = plan;
  const common = {
    ...plan.env,
    ...describeSandbox(plan.secrets, ports.sandbox),
    HOST: '127.0.0.1',
    MESH_DATA_DIR: config.dataDir,
    ...(config.file ? { MESH_CONFIG: config.file } : {}),
    ...(plan.natsUrl ? { NATS_URL: plan.natsUrl } : {}),
  };
  const describe = (name: AppName, env: NodeJS.ProcessEnv = {}): AppSpec => {
    return { name, main: locateApp(name), cwd, env: { ...common, PORT: String(ports[name]), ...env } };
  };
  const apps = [describe('publisher'), describe('host')];
  if (!needsSandbox(config)) return apps;
  const sandbox = describe('sandbox', describeSandboxEnv(plan));
  // It plays from its first moment, and would find the publisher's door still closed.
  return [...apps, plan.play ? { ...sandbox, after: 'publisher' } : sandbox];
}

function describeSandboxEnv({ secrets, ports, play, eventsPerMinute, config }: AppPlan): NodeJS.ProcessEnv {
  const connection = findSandboxConnection(config) ?? 'acme/hubspot';
  const target = `${LOCAL}:${ports.publisher}/webhooks/${connection}`;
  return {
    SANDBOX_TARGET_URL: target,
    SANDBOX_PUBLIC_URL: target,
    SANDBOX_CLIENT_SECRET: secrets.sandboxSecret,
    SANDBOX_ACCESS_TOKEN: secrets.sandboxToken,
    SANDBOX_PLAY: play ? '1' : '0',
    ...(eventsPerMinute === undefined ? {} : { SANDBOX_EVENTS_PER_MINUTE: String(eventsPerMinute) }),
  };
}
