import { createTerminal, type Terminal } from './output/terminal.js';

/** Options that every command takes. */
export interface GlobalOptions {
  config?: string;
  dataDir?: string;
  server?: string;
  context?: string;
  creds?: string;
  json?: boolean;
  debug?: boolean;
}

/** What a command works with. */
export interface CliContext {
  options: GlobalOptions;
  /** MESH_CONFIG and MESH_DATA_DIR are set from the options. */
  env: NodeJS.ProcessEnv;
  cwd: string;
  terminal: Terminal;
}

export function createCliContext(options: GlobalOptions): CliContext {
  const env = {
    ...process.env,
    ...(options.config === undefined ? {} : { MESH_CONFIG: options.config }),
    ...(options.dataDir === undefined ? {} : { MESH_DATA_DIR: options.dataDir }),
  };
  return { options, env, cwd: process.cwd(), terminal: createTerminal({ json: options.json ?? false }) };
}
