/** What names one CRM object. Ids repeat across accounts of one CRM, so the connection is part of it. */
export interface RecordKey {
  tenant: string;
  connection: string;
  entity: string;
  id: string;
}

/** `acme/hubspot/deal/4711`, as people type it. The id may itself contain slashes. */
export function formatRecordKey(key: RecordKey): string {
  return `${key.tenant}/${key.connection}/${key.entity}/${key.id}`;
}
