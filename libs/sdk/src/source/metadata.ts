/** One field of a CRM's entity, as its metadata describes it. */
export interface FieldDescription {
  /** The CRM's own word: `enumeration`, `currency`, … */
  type: string;
  /** Of a picklist: the values that may stand there. */
  values?: readonly string[];
}

/** What a CRM's metadata says of one entity: its fields by their CRM names, and the stages of its pipelines. */
export interface EntityDescription {
  /** By the names that the CRM's API uses. */
  fields: Readonly<Record<string, FieldDescription>>;
  /** By pipeline: its stages, by id. */
  pipelines?: Readonly<
    Record<string, Readonly<Record<string, { label: string; outcome: 'open' | 'won' | 'lost' | 'closed' }>>>
  >;
}

/** By entity. What is not there cannot be described. */
export type CrmDescription = Readonly<Record<string, EntityDescription>>;
