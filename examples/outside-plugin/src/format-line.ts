import type { MeshEvent } from '@crm-mesh/sdk';

/** Numbered by the record's version, so that a line that was written twice can be told. */
export function formatLine({ data, recordversion, time }: MeshEvent<'deal.won'>): string {
  const cells = [time, data.id, recordversion, data.name ?? '', data.amount?.value ?? '', data.amount?.currency ?? ''];
  return `${cells.map((cell) => `"${String(cell).replaceAll('"', '""')}"`).join(',')}\n`;
}
