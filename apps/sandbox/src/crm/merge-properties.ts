import type { CrmObject } from './crm-object.js';

/** What the primary one takes over from the merged one: only values that it lacks. A third object has swallowed both. */
export function fillPrimary(primary: CrmObject, merged: CrmObject, newId: boolean): Map<string, string> {
  const filled = new Map([...merged.properties].filter(([name]) => !primary.properties.has(name)));
  filled.delete('hs_merged_object_ids');
  filled.set('hs_merged_object_ids', listMerged(primary, merged, newId ? [primary.id, merged.id] : [merged.id]));
  const [email, other] = [primary.properties.get('email'), merged.properties.get('email')];
  if (email && other && primary.type === 'contacts') {
    filled.set('hs_additional_emails', joinValues(primary.properties.get('hs_additional_emails'), other));
  }
  return filled;
}

function listMerged(primary: CrmObject, merged: CrmObject, ids: readonly string[]): string {
  const [before, swallowed] = [primary, merged].map(({ properties }) => properties.get('hs_merged_object_ids'));
  return joinValues(before, swallowed, ...ids);
}

function joinValues(...values: (string | undefined)[]): string {
  return values.filter((value) => value !== undefined && value !== '').join(';');
}
