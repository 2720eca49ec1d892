import type { MeshConfig } from './mesh-config.js';

/** Where NATS is; at most one of `url` and `context`. */
export interface NatsLocation {
  url?: string;
  context?: string;
  credsFile?: string;
}

/** The environment (NATS_URL, NATS_CONTEXT, NATS_CREDS) wins over mesh.yaml; empty: the default address. */
export function resolveNats(config: Pick<MeshConfig, 'nats'>, env: NodeJS.ProcessEnv): NatsLocation {
  const credsFile = env['NATS_CREDS'] || config.nats.creds;
  const creds = credsFile === undefined ? {} : { credsFile };
  if (env['NATS_URL']) return { url: env['NATS_URL'], ...creds };
  if (env['NATS_CONTEXT']) return { context: env['NATS_CONTEXT'], ...creds };
  const { url, context } = config.nats;
  return { ...(url ? { url } : context ? { context } : {}), ...creds };
}
