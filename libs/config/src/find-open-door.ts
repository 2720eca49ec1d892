import type { Source } from '@crm-mesh/sdk';
import type { ConfigProblem } from './config-error.js';
import type { ConnectionConfig } from './mesh-config.js';

export interface OpenDoor extends Pick<ConfigProblem, 'path' | 'message' | 'cure'> {
  /** Nothing at all is asked of a sender: not to be started. Else what is asked for is no secret. */
  isWide: boolean;
}

/** Webhooks that anybody could send. An address alone proves nobody where nothing else does: others stand behind it too. */
export function findOpenDoor(
  { name, split, verify, provesSender = true }: Pick<Source, 'name' | 'split' | 'verify' | 'provesSender'>,
  { access }: Pick<ConnectionConfig, 'access'>,
  path: string,
): OpenDoor | undefined {
  if (!split || access?.secretPath !== undefined || access?.basic !== undefined) return undefined;
  const cure =
    'Set `secretPath` (20 random letters or more, which only the CRM is told), or `basic: {user, password}`.';
  const place = { path: `${path}.access`, cure };
  if (!verify)
    return {
      ...{ ...place, isWide: true },
      message: `is missing: the source "${name}" has no signature, so anybody could send events`,
    };
  if (provesSender || access?.allow !== undefined) return undefined;
  return {
    ...{ ...place, isWide: false },
    message: `is missing: what the source "${name}" asks of a webhook is known to others too`,
  };
}
