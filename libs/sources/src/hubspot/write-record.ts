import { RefusedRequest, Unavailable, type SourceContext, type WriteRequest, type WriteResult } from '@crm-mesh/sdk';
import { isObject } from '@crm-mesh/sdk/kit';
import { apiOf } from './api.js';
import type { HubspotConfig } from './config.js';
import { pathOfEntity } from './object-types.js';
import { listObjects } from './pipelines.js';
import { modifiedAtOf, readResults } from './read-objects.js';
import { toProperties } from './to-properties.js';

type Context = SourceContext<HubspotConfig>;

/**
 * By the batch endpoints, which alone take a key of ours: HubSpot gives it back with the result, but takes a wish that is
 * tried again for a new one. So a creation whose answer was lost may be done twice; of contacts the address forbids it.
 */
export async function writeHubspot(request: WriteRequest, context: Context): Promise<WriteResult> {
  const { verb, entity, id } = request;
  if (verb === 'delete') return archive(entity, requireId(id), context);
  const properties = toProperties(entity, request.record ?? {}, context.config);
  const input = { properties, objectWriteTraceId: request.idempotencyKey };
  return verb === 'create'
    ? writeOne(entity, 'create', { ...input, associations: [] }, context)
    : writeOne(entity, 'update', { ...input, id: requireId(id) }, context);
}

function requireId(id: string | undefined): string {
  if (id === undefined) throw new RefusedRequest('A change or deletion must name the record.', 400);
  return id;
}

async function writeOne(
  entity: string,
  verb: 'create' | 'update',
  input: object,
  context: Context,
): Promise<WriteResult> {
  const path = pathOfEntity(entity);
  const url = `/crm/v3/objects/${encodeURIComponent(path)}/batch/${verb}`;
  const answer = await apiOf(context).request({ method: 'POST', path: url, body: { inputs: [input] } });
  const [object] = readResults(answer, path).values();
  if (!object) throw explainNothing(answer, `${verb} of ${path}`);
  const modifiedAt = modifiedAtOf(object);
  return { id: object.id, ...(modifiedAt !== undefined && { modifiedAt }) };
}

/** What HubSpot did not take comes as an error beside no result (207). */
function explainNothing(answer: unknown, what: string): Error {
  const [error] = listObjects(isObject(answer) ? answer.errors : undefined);
  if (!error) return new Unavailable(`HubSpot answered a ${what} with neither a result nor an error.`);
  const category = String(error.category);
  return new RefusedRequest(`HubSpot refused a ${what} (${category}).`, category === 'OBJECT_NOT_FOUND' ? 404 : 400);
}

/** Deleting what is not there (any more) is no error. */
async function archive(entity: string, id: string, { api }: Context): Promise<WriteResult> {
  const path = `/crm/v3/objects/${encodeURIComponent(pathOfEntity(entity))}/batch/archive`;
  await api.request({ method: 'POST', path, json: { inputs: [{ id }] } });
  return { id };
}
