import type { Notification } from '@crm-mesh/contract';
import { RetryLater, type MappedRecord, type SourceContext } from '@crm-mesh/sdk';
import { readId, toIsoTime } from '@crm-mesh/sdk/kit';
import { convertField, isEmpty } from '../mapping/convert-field.js';
import { readFieldKinds } from '../mapping/field-kinds.js';
import { takeOutUnreadable } from '../mapping/unreadable.js';
import type { PipedriveConfig } from './config.js';
import { readCustomFields } from './custom-fields.js';
import type { Row } from './lists.js';
import { mapApart } from './map-apart.js';
import { customOf, fieldsOf } from './properties.js';
import { isGone, readStateTime } from './read-state.js';

type Context = SourceContext<PipedriveConfig>;
type Fields = Record<string, unknown>;

/** How young a change must be for a record that is not found to be asked for again: reads may lag behind webhooks. */
const NOT_FOUND_GRACE_MS = 10_000;

/** One mapping for what webhooks carry and what the API answers. */
export async function mapPipedrive(
  { notification, fetched }: { notification: Notification; fetched: unknown },
  context: Context,
): Promise<MappedRecord> {
  if (fetched instanceof Error) throw fetched;
  if (fetched === undefined) {
    waitForYoung(notification, context);
    return { state: 'deleted', ...timeOf(notification.modifiedAt) };
  }
  const row = fetched as Row;
  const time = timeOf(readStateTime(row, notification));
  if (isGone(row)) return { state: 'deleted', ...time };
  const record = await mapRow(notification, row, context);
  return { state: 'present', ...takeOutUnreadable(record), ...time };
}

function timeOf(modifiedAt: string | undefined): { modifiedAt?: string } {
  return modifiedAt === undefined ? {} : { modifiedAt };
}

function waitForYoung({ change, modifiedAt, receivedAt }: Notification, context: Context): void {
  const restMs = Date.parse(modifiedAt ?? receivedAt) + NOT_FOUND_GRACE_MS - context.now();
  if (change === 'deleted' || !(restMs > 0)) return;
  throw new RetryLater(Math.min(Math.ceil(restMs), NOT_FOUND_GRACE_MS), 'The record is not readable yet.');
}

async function mapRow({ entity, id }: Notification, row: Row, context: Context): Promise<Fields> {
  const isCustom = entity.startsWith('custom-');
  const record: Fields = { id, ...mapAlways(row) };
  for (const [property, field] of Object.entries(fieldsOf(entity, context.config))) {
    if (!isEmpty(row[property])) record[field] = convertProperty(entity, field, { row, property }, context.config);
  }
  const { custom: apart = {}, ...fields } = await mapApart(entity, row, context);
  const own = isCustom ? mapUnknown(row) : pickCustom(entity, row);
  const custom = { ...own, ...apart, ...Object.fromEntries(await readCustomFields(entity, row, context)) };
  return { ...record, ...fields, ...(Object.keys(custom).length > 0 && { custom }) };
}

function mapAlways(row: Row): Fields {
  // Users have `created` and `modified`.
  const [ownerId, created] = [readId(row.owner_id ?? row.user_id), toIsoTime(row.add_time)];
  const modified = toIsoTime(row.update_time);
  return {
    ...(ownerId !== undefined && { ownerId }),
    ...(created !== undefined && { createdAt: created }),
    ...(modified !== undefined && { modifiedAt: modified }),
  };
}

function convertProperty(
  entity: string,
  field: string,
  { row, property }: { row: Row; property: string },
  { currency }: PipedriveConfig,
): unknown {
  const kind = readFieldKinds(entity).get(field) ?? 'text';
  if (kind === 'lines' || kind === 'custom') return row[property];
  return convertField(kind, row[property], { currency, where: `${entity}.${field}` });
}

/** `visible_to` is a number in the API and a text in webhooks. */
function pickCustom(entity: string, row: Row): Fields {
  const told = customOf(entity).filter((name) => !isEmpty(row[name]) && !isEmptyList(row[name]));
  return Object.fromEntries(told.map((name) => [name, name === 'visible_to' ? Number(row[name]) : row[name]]));
}

const ALWAYS = ['id', 'owner_id', 'add_time', 'update_time', 'custom_fields'];

/** Of what the canonical model does not know, everything is `custom`. */
function mapUnknown(row: Row): Fields {
  return Object.fromEntries(Object.entries(row).filter(([name, value]) => !ALWAYS.includes(name) && !isEmpty(value)));
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}
