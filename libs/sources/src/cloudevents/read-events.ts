import { MeshError } from '@crm-mesh/contract';
import type { WebhookRequest } from '@crm-mesh/sdk';
import { isJson, isObject, parseJsonBody, readMediaType, refuseNotification } from '@crm-mesh/sdk/kit';
import { CloudEvent } from 'cloudevents';

/** A valid CloudEvent; unknown extensions are kept. `data_base64` that holds JSON is read into `data`. */
export interface IncomingEvent extends Readonly<Record<string, unknown>> {
  id: string;
  source: string;
  type: string;
}

const STRUCTURED = 'application/cloudevents+json';
const BATCHED = 'application/cloudevents-batch+json';

/**
 * The events of a request in structured, batched or binary mode. The official SDK validates the attributes; reading
 * the request is left to us, for it lets a missing `type`, version 0.3, two data members and other formats than JSON
 * pass, refuses upper case in a content type, leaves header values encoded, and takes objects for extensions.
 */
export function readEvents(request: WebhookRequest): IncomingEvent[] {
  const mediaType = readMediaType(request.headers['content-type']);
  if (mediaType === STRUCTURED) return [readStructured(parseJsonBody(request.body), 'the event')];
  if (mediaType === BATCHED) return readBatch(parseJsonBody(request.body));
  if (mediaType.startsWith('application/cloudevents')) throw refuseFormat(mediaType);
  return [readBinary(request, mediaType)];
}

function readBatch(events: unknown): IncomingEvent[] {
  if (!Array.isArray(events)) throw refuseNotification('the body is no list of events.');
  return events.map((event: unknown, index) => readStructured(event, `event ${index} of the batch`));
}

function readStructured(event: unknown, where: string): IncomingEvent {
  if (!isObject(event)) throw refuseNotification(`${where} is no object.`);
  // An attribute that is null counts as absent; data that is null is data.
  const attributes = Object.fromEntries(
    Object.entries(event).filter(([name, value]) => value !== null || name === 'data'),
  );
  const { data, data_base64: base64, ...others } = attributes;
  if (base64 === undefined) return validate(others, data, where);
  if (data !== undefined) throw refuseNotification(`${where} has both data and data_base64.`);
  return validate(others, decodeData(base64, others.datacontenttype, where), where);
}

function decodeData(base64: unknown, contentType: unknown, where: string): unknown {
  if (typeof base64 !== 'string') throw refuseNotification(`${where} has a data_base64 that is no text.`);
  const mediaType = typeof contentType === 'string' ? readMediaType(contentType) : 'application/json';
  return isJson(mediaType) ? parseJsonBody(Buffer.from(base64, 'base64')) : base64;
}

function readBinary(request: WebhookRequest, mediaType: string): IncomingEvent {
  const attributes: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (name.startsWith('ce-') && value !== undefined) attributes[name.slice('ce-'.length)] = decodeHeader(name, value);
  }
  if (Object.keys(attributes).length === 0) {
    throw refuseNotification(
      `the request holds no CloudEvent: its content type is not ${STRUCTURED}, and it has no ce-… headers.`,
    );
  }
  if (request.body.length === 0) return validate(attributes, undefined, 'the event');
  if (!isJson(mediaType)) throw refuseFormat(mediaType);
  return validate({ ...attributes, datacontenttype: mediaType }, parseJsonBody(request.body), 'the event');
}

/** Header values may be quoted, and are percent-encoded where they hold blanks, quotes or other than ASCII. */
function decodeHeader(name: string, value: string): string {
  const bare = /^".*"$/.test(value) ? value.slice(1, -1).replaceAll(/\\(.)/g, '$1') : value;
  try {
    return decodeURIComponent(bare);
  } catch {
    throw refuseNotification(`the header ${name} is not percent-encoded UTF-8.`);
  }
}

/** The SDK fills in what is missing (a random id, version 1.0), so presence is checked before. */
function validate(attributes: Record<string, unknown>, data: unknown, where: string): IncomingEvent {
  for (const name of ['id', 'source', 'type', 'specversion']) {
    if (typeof attributes[name] !== 'string' || attributes[name] === '')
      throw refuseNotification(`${where} has no ${name}.`);
  }
  if (attributes.specversion !== '1.0') throw refuseNotification(`${where} has another specversion than 1.0.`);
  for (const [name, value] of Object.entries(attributes)) {
    const isScalar = typeof value === 'string' || typeof value === 'boolean' || Number.isSafeInteger(value);
    if (!isScalar)
      throw refuseNotification(
        `${where} has an attribute ${name.slice(0, 20)} that is no text, whole number or boolean.`,
      );
  }
  try {
    void new CloudEvent(attributes, true);
  } catch (error) {
    throw refuseNotification(`${where} breaks the CloudEvents specification: ${explain(error)}.`);
  }
  return { ...attributes, ...(data !== undefined && { data }) } as unknown as IncomingEvent;
}

/** Names the attribute and not its value, which may be personal. */
function explain(error: unknown): string {
  const [first] = (isObject(error) && Array.isArray(error.errors) ? (error.errors as unknown[]) : []).filter(isObject);
  if (first && typeof first.instancePath === 'string') return `${first.instancePath.slice(1)} ${String(first.message)}`;
  return 'an extension has a name or a value that is not allowed';
}

function refuseFormat(mediaType: string): MeshError {
  return new MeshError(
    'MESH_MEDIA_TYPE_UNSUPPORTED',
    `${mediaType || 'A body without a content type'} is not read here, only ${STRUCTURED}, ${BATCHED} and events in binary mode with JSON.`,
  );
}
