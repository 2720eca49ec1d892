import { loadConfig, type LoadedConfig } from '@crm-mesh/config';
import type { CliContext } from '../cli-context.js';
import { peekDemoSecrets } from '../supervisor/demo-secrets.js';
import { describeSandbox } from '../supervisor/plan-apps.js';
import { DEFAULT_PORTS } from '../supervisor/default-ports.js';
import { findDataDir } from './locate-mesh.js';
import { readRunFile } from './run-file.js';

/** mesh.yaml as the mesh of this data folder sees it: with the sandbox's variables, which `mesh up` sets for its apps. */
export function loadMeshConfig(context: Pick<CliContext, 'env' | 'cwd'>): LoadedConfig {
  const dataDir = findDataDir(context);
  const sandbox = readRunFile(dataDir)?.urls['sandbox'];
  const port = sandbox === undefined ? DEFAULT_PORTS.sandbox : Number(new URL(sandbox).port);
  const env = { ...describeSandbox(peekDemoSecrets(dataDir), port), ...context.env, MESH_DATA_DIR: dataDir };
  return loadConfig({ cwd: context.cwd, env });
}
