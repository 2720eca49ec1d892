import { ConfigError, suggestName } from '@crm-mesh/config';
import type { Source } from '@crm-mesh/sdk';

/** Throws a ConfigError that names what there is. */
export function findSource(sources: readonly Source[], name: string, path: string): Source {
  const source = sources.find((one) => one.name === name);
  if (source) return source;
  const names = sources.map((one) => one.name);
  const meant = suggestName(name, names);
  const cure = meant ? `Did you mean "${meant}"?` : `Write one of ${names.join(', ')}.`;
  throw new ConfigError([{ path, message: `names the source "${name}", which does not exist`, cure }]);
}
