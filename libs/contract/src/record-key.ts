/** What names one CRM object. Ids repeat across accounts of one CRM, so the connection is part of it. */
export interface RecordKey {
  /** The tenant of mesh.yaml. */
  tenant: string;
  /** The configured account of a CRM; unique in the tenant. */
  connection: string;
  /** A canonical entity, or `custom-…`. */
  entity: string;
  /** The CRM's own id, as text, unescaped. */
  id: string;
}

/** `acme/hubspot/deal/4711`, as people type it. The id may itself contain slashes. */
export function formatRecordKey(key: RecordKey): string {
  return `${key.tenant}/${key.connection}/${key.entity}/${key.id}`;
}

/** The inverse of {@link formatRecordKey}; undefined where a part is missing. */
export function parseRecordKey(text: string): RecordKey | undefined {
  const [, tenant, connection, entity, id] = /^([^/]+)\/([^/]+)\/([^/]+)\/(.+)$/s.exec(text) ?? [];
  return id === undefined ? undefined : { tenant: tenant!, connection: connection!, entity: entity!, id };
}
