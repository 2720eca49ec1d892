import type { MeshError } from '@crm-mesh/contract';
import { SOURCE_MARK, type Source } from '@crm-mesh/sdk';
import { checkSourceDefinition } from '@crm-mesh/sdk/running';
import { checkModule } from './check-module.js';
import type { DropIn } from './drop-in.js';

export type SourceCheck = { ok: true; source: Source } | { ok: false; error: MeshError };

const RULE = { maker: 'defineSource', mark: SOURCE_MARK, check: checkSourceDefinition };

/** Whether a loaded module is the source that its file name promises; if not, all that is wrong with it. */
export function checkSource(module: unknown, dropIn: DropIn): SourceCheck {
  const checked = checkModule(module, dropIn, RULE);
  return checked.ok ? { ok: true, source: checked.definition as unknown as Source } : checked;
}
