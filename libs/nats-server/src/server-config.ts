/** Settings as the server's configuration file names them (JSON is legal there), e.g. `max_payload`, `accounts`. */
export type ServerSettings = Record<string, unknown>;

export interface ConfigInput {
  name: string;
  port: number;
  monitorPort?: number;
  storeDir: string;
  /** How long the server may keep written messages unsynced: `2m` is its default, `always` costs one fsync a message. */
  syncInterval?: string;
  user?: string;
  password?: string;
  settings?: ServerSettings;
}

/** The configuration of one loopback server with JetStream on file storage. `settings` is laid over it last. */
export function buildServerConfig(input: ConfigInput): ServerSettings {
  const { jetstream, ...settings } = input.settings ?? {};
  return {
    server_name: input.name,
    host: '127.0.0.1',
    port: input.port,
    ...(input.monitorPort === undefined ? {} : { http: `127.0.0.1:${input.monitorPort}` }),
    ...(input.user === undefined ? {} : { authorization: { user: input.user, password: input.password ?? '' } }),
    jetstream: {
      store_dir: input.storeDir,
      ...(input.syncInterval === undefined ? {} : { sync_interval: input.syncInterval }),
      ...(jetstream as ServerSettings | undefined),
    },
    ...settings,
  };
}

/** With a configuration file of the user's, only what makes the server ours is overridden, by options. */
export function buildArguments(configFile: string, own: { name: string; port: number; storeDir: string }): string[] {
  const { name, port, storeDir } = own;
  return ['-c', configFile, '-n', name, '-a', '127.0.0.1', '-p', String(port), '-js', '-sd', storeDir];
}
