import type { SchemaChange } from '@crm-mesh/sources';

/** A plugin, and what it says that it reads. */
export interface Reader {
  name: string;
  events: readonly string[];
  /** Fields by entity: `deal.amount`, `deal.custom.region`. Undefined: it does not say. */
  reads?: readonly string[] | undefined;
}

/** Who depends on what has changed. */
export interface Readers {
  /** The source's own mapping reads it. */
  source: boolean;
  /** Fields of `mapping` in mesh.yaml that come from it. */
  mappings: string[];
  /** Plugins that say that they read it, and those that do not say what they read of the entity. */
  plugins: string[];
}

/**
 * Who reads what has changed. `sourceReads`: the CRM's fields that the source's mapping reads of the entity. `ruled`: field of
 * the record → path in the CRM's object, as the connection's own rules have it.
 */
export function findReaders(
  change: SchemaChange,
  known: { sourceReads: readonly string[]; ruled: ReadonlyMap<string, string>; plugins: readonly Reader[] },
): Readers {
  const { entity, field } = change;
  const mappings = [...known.ruled]
    .filter(([, path]) => field === undefined || isFrom(path, field))
    .map(([name]) => `${entity}.${name}`);
  const isRead = field === undefined || known.sourceReads.some((path) => path === field || field.endsWith(`.${path}`));
  const last = field?.slice(field.lastIndexOf('.') + 1);
  const names = last === undefined ? undefined : [`${entity}.custom.${last}`, `${entity}.${last}`, ...mappings];
  const plugins = known.plugins.filter(
    (plugin) => listensTo(plugin, entity) && needs(plugin, { entity, names, isRead }),
  );
  return { source: isRead, mappings, plugins: plugins.map(({ name }) => name) };
}

/** `field` is a name in the CRM's metadata, or a path in its objects (`emails[].value`). */
function isFrom(path: string, field: string): boolean {
  const plain = path.replace(/\[\d+\]/g, '[]');
  if (!/[.[]/.test(field)) return plain.split(/[.[\]]/).includes(field);
  return plain === field || plain.startsWith(`${field}.`) || field.startsWith(`${plain}.`);
}

/** Who depends on a field of the canonical record. */
export function findFieldReaders(
  { entity, field }: { entity: string; field: string },
  { ruled, plugins }: { ruled: ReadonlyMap<string, string>; plugins: readonly Reader[] },
): Readers {
  const [whole = ''] = field.split('.', 1);
  const names = [...new Set([field, whole])];
  const isReader = ({ reads }: Reader): boolean => !reads || names.some((name) => reads.includes(`${entity}.${name}`));
  const found = plugins.filter((plugin) => listensTo(plugin, entity) && isReader(plugin));
  const mappings = names.filter((name) => ruled.has(name)).map((name) => `${entity}.${name}`);
  return { source: mappings.length === 0, mappings, plugins: found.map(({ name }) => name) };
}

function listensTo({ events }: Reader, entity: string): boolean {
  return events.some((pattern) => pattern === '*' || pattern.split('.', 1)[0] === entity);
}

function needs(
  { reads }: Reader,
  { entity, names, isRead }: { entity: string; names: readonly string[] | undefined; isRead: boolean },
): boolean {
  if (reads === undefined) return isRead || (names?.length ?? 0) > 2;
  const own = reads.filter((field) => field.startsWith(`${entity}.`));
  if (names === undefined) return own.length > 0;
  // Under which name the source tells a field that it reads, only the source knows.
  return own.some((field) => names.includes(field) || (isRead && !field.startsWith(`${entity}.custom.`)));
}
