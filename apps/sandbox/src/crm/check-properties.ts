import { CrmError, invalid } from './crm-error.js';
import { isDateProperty, type ObjectType } from './object-types.js';
import { DEAL_PIPELINES, findDealStage } from './pipelines.js';
import { isCalculated } from './read-property.js';

/** What a client sends: everything becomes text, null and '' clear. */
export type PropertyInput = Readonly<Record<string, unknown>>;

/** What it may write, as text that the API would give back. Throws what HubSpot answers otherwise. */
export function checkProperties(
  type: ObjectType,
  input: PropertyInput,
  present: ReadonlyMap<string, string>,
): Map<string, string> {
  const checked = new Map<string, string>();
  for (const [name, value] of Object.entries(input)) {
    if (isCalculated(name))
      throw new CrmError(400, 'VALIDATION_ERROR', `READ_ONLY_VALUE: "${name}" is a read only property`);
    checked.set(name, isDateProperty(name) ? toIsoText(name, value) : toText(value));
  }
  if (type === 'deals' && (checked.has('dealstage') || checked.has('pipeline'))) checkStage(checked, present);
  return checked;
}

function toText(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'object') throw invalid('Invalid input JSON: a property value must be text');
  return String(value);
}

/** ISO or epoch milliseconds, as HubSpot takes both. */
function toIsoText(name: string, value: unknown): string {
  const text = toText(value);
  if (text === '') return '';
  const time = new Date(/^-?\d+$/.test(text) ? Number(text) : text);
  if (Number.isNaN(time.getTime())) throw invalid(`INVALID_DATE: "${name}" was not a valid date`);
  return time.toISOString();
}

function checkStage(checked: Map<string, string>, present: ReadonlyMap<string, string>): void {
  const pipeline = checked.get('pipeline') || present.get('pipeline') || 'default';
  const stage = checked.get('dealstage') ?? present.get('dealstage');
  if (!DEAL_PIPELINES.some(({ id }) => id === pipeline))
    throw invalid(`INVALID_OPTION: pipeline "${pipeline}" does not exist`);
  if (stage !== undefined && !findDealStage(pipeline, stage)) {
    throw invalid(`INVALID_OPTION: "${stage}" is no stage of the pipeline "${pipeline}"`);
  }
}
