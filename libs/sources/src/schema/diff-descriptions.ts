import type { CrmDescription, EntityDescription, FieldDescription } from '@crm-mesh/sdk';

/** One thing that is otherwise in a CRM's metadata than it was. */
export interface SchemaChange {
  /** A canonical entity, or `custom-…`. */
  entity: string;
  kind:
    | 'entity-added'
    | 'entity-removed'
    | 'field-added'
    | 'field-removed'
    | 'type-changed'
    | 'value-added'
    | 'value-removed'
    | 'stage-added'
    | 'stage-removed'
    | 'stage-changed';
  /** The CRM's name of the field, for changes of fields. */
  field?: string;
  /** The picklist's value, or `pipeline/stage`. */
  value?: string;
  /** What it was and what it is, for types and stages. */
  before?: string;
  after?: string;
}

/** What changed between two looks at a CRM's metadata, in the order of entities and names. */
export function diffDescriptions(before: CrmDescription, after: CrmDescription): SchemaChange[] {
  return listNames(before, after).flatMap((entity) => {
    const [was, is] = [before[entity], after[entity]];
    if (!was) return [{ entity, kind: 'entity-added' as const }];
    if (!is) return [{ entity, kind: 'entity-removed' as const }];
    const changes = [...diffFields(was, is), ...diffStages(was, is)];
    return changes.map((change) => ({ entity, ...change }));
  });
}

type Change = Omit<SchemaChange, 'entity'>;

function diffFields({ fields: before }: EntityDescription, { fields: after }: EntityDescription): Change[] {
  return listNames(before, after).flatMap((field) => {
    const [was, is] = [before[field], after[field]];
    if (!was) return [{ kind: 'field-added' as const, field }];
    if (!is) return [{ kind: 'field-removed' as const, field }];
    const retyped: Change[] =
      was.type === is.type ? [] : [{ kind: 'type-changed', field, before: was.type, after: is.type }];
    return [...retyped, ...diffValues(field, was, is)];
  });
}

function diffValues(
  field: string,
  { values: was = [] }: FieldDescription,
  { values: is = [] }: FieldDescription,
): Change[] {
  const [before, after] = [new Set(was), new Set(is)];
  const added = is
    .filter((value) => !before.has(value))
    .map((value) => ({ kind: 'value-added' as const, field, value }));
  const removed = was.filter((value) => !after.has(value));
  return [...added, ...removed.map((value) => ({ kind: 'value-removed' as const, field, value }))];
}

function diffStages(before: EntityDescription, after: EntityDescription): Change[] {
  const [was, is] = [listStages(before), listStages(after)];
  return listNames(was, is).flatMap((value): Change[] => {
    const [old, present] = [was[value], is[value]];
    if (old === undefined) return [{ kind: 'stage-added', value, after: present! }];
    if (present === undefined) return [{ kind: 'stage-removed', value, before: old }];
    return old === present ? [] : [{ kind: 'stage-changed', value, before: old, after: present }];
  });
}

/** `pipeline/stage` → `label (outcome)` */
function listStages({ pipelines = {} }: EntityDescription): Record<string, string> {
  const stages: Record<string, string> = {};
  for (const [pipeline, own] of Object.entries(pipelines)) {
    for (const [stage, { label, outcome }] of Object.entries(own))
      stages[`${pipeline}/${stage}`] = `${label} (${outcome})`;
  }
  return stages;
}

function listNames(some: object, others: object): string[] {
  return [...new Set([...Object.keys(some), ...Object.keys(others)])].toSorted();
}
