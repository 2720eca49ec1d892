import { createHash } from 'node:crypto';
import { Objm, type ObjectStore } from '@nats-io/obj';
import { askJetStream } from './ask-jetstream.js';
import type { Link } from './link.js';
import type { OutgoingMessage } from './message.js';
import { PublishError } from './publish-error.js';
import { deleteMessage } from './stream-messages.js';

/**
 * Claim check: what is over the server's `max_payload` goes to an object store, and travels as a reference. The message
 * keeps its envelope and names the object in `dataref` (CloudEvents' extension of that name).
 */
const BUCKET = 'mesh_claims';
const STREAM = `OBJ_${BUCKET}`;
const PREFIX = `nats-object://${BUCKET}/`;
const NAME_LENGTH = 64;
/** What a claimed message begins with: it is told by its first bytes. */
const MARK = Buffer.from(`{"dataref":"${PREFIX}`);
/** Whose readers know of claims; dead letters leave out what is too large for them. */
const CLAIMABLE = /^(raw|crm|direct)\./;
/** What the server's limit must hold beside the payload: subject and headers. */
const HEADROOM_BYTES = 8_192;

/** An object that a message names, or has named. */
export interface Claim {
  name: string;
  /** Of the message. */
  subject: string;
  storedAtMs: number;
  bytes: number;
}

/** Whether it has to go to the object store. */
export function isTooLarge({ subject, payload }: OutgoingMessage, maxPayloadBytes: number): boolean {
  const limit = maxPayloadBytes - HEADROOM_BYTES;
  // A UTF-16 unit is at most three bytes: most texts need no count.
  if (payload.length * 3 <= limit || !CLAIMABLE.test(subject)) return false;
  return (typeof payload === 'string' ? Buffer.byteLength(payload) : payload.length) > limit;
}

/** Stores the payload; resolves to the message that names it. Rejects with PublishError, as publishing does. */
export async function storeClaim(link: Link, message: OutgoingMessage): Promise<OutgoingMessage> {
  const text = Buffer.from(message.payload).toString('utf8');
  const parts = takeApart(text);
  // Nothing of ours: it may still fit.
  if (!parts) return message;
  const bytes = Buffer.byteLength(text);
  if (bytes > link.maxClaimBytes) {
    const what = `it has ${bytes} bytes, ${link.maxClaimBytes} are allowed`;
    throw new PublishError('permanent', `The message for '${message.subject.slice(0, 120)}' is too large: ${what}.`, {
      code: 'MESH_MESSAGE_TOO_LARGE',
    });
  }
  // The same message goes to the same object; two that claim one id do not.
  const name = createHash('sha256').update(`${message.messageId}\0${text}`).digest('hex');
  try {
    const store = await createStore(link);
    await store.putBlob({ name, metadata: { subject: message.subject } }, Buffer.from(parts.object));
  } catch (cause) {
    throw new PublishError('transient', 'The object store did not take what is too large for a message.', { cause });
  }
  return { ...message, payload: `{"dataref":"${PREFIX}${name}",${parts.rest.slice(1)}` };
}

/** Of an event its data goes to the object; of a notification what the CRM said. */
function takeApart(text: string): { rest: string; object: string } | undefined {
  try {
    const { data, payload, fetched, ...rest } = JSON.parse(text) as Record<string, unknown>;
    const isEvent = 'specversion' in rest;
    if (Object.keys(rest).length === 0 || (isEvent ? data : payload) === undefined) return undefined;
    return { rest: JSON.stringify(rest), object: JSON.stringify(isEvent ? data : { payload, fetched }) };
  } catch {
    return undefined;
  }
}

export function isClaimed(data: Uint8Array): boolean {
  return data.length > MARK.length && MARK.equals(data.subarray(0, MARK.length));
}

/** The whole message; undefined when its object is not there (any more). */
export async function readClaim(link: Link, data: Uint8Array): Promise<Uint8Array | undefined> {
  const text = Buffer.from(data).toString('utf8');
  const object = await readObject(link, text.slice(MARK.length, MARK.length + NAME_LENGTH));
  if (object === undefined) return undefined;
  const rest = text.slice(MARK.length + NAME_LENGTH + '",'.length, -1);
  const isEvent = rest.includes('"specversion"');
  return Buffer.from(isEvent ? `{${rest},"data":${object}}` : `{${rest},${object.slice(1)}`);
}

async function readObject(link: Link, name: string): Promise<string | undefined> {
  const store = await findStore(link);
  const blob = await store?.getBlob(name);
  return blob ? Buffer.from(blob).toString('utf8') : undefined;
}

export async function listClaims(link: Link): Promise<Claim[]> {
  const store = await findStore(link);
  const objects = (await store?.list()) ?? [];
  return objects.map(({ name, metadata, mtime, size }) => {
    return { name, subject: metadata?.['subject'] ?? '', storedAtMs: Date.parse(mtime), bytes: size };
  });
}

/** Without a trace: an object store keeps a note of what was deleted, for ever. */
export async function deleteClaim(link: Link, name: string): Promise<void> {
  const store = await findStore(link);
  await store?.delete(name);
  const note = await store?.info(name);
  // By sequence: what is stored anew in this moment stays.
  if (note?.deleted) await deleteMessage(link, STREAM, note.revision);
}

/** Made when the first is needed; as safe as the stream of what was answered 2xx. */
async function createStore(link: Link): Promise<ObjectStore> {
  const found = await findStore(link);
  if (found) return found;
  const { config } = await askJetStream(link, 'stream CRM_RAW', () => link.jsm.streams.info('CRM_RAW'));
  const description = 'Payloads that are too large for a message; the publisher removes what nothing names any more';
  return new Objm(link.jetstream).create(BUCKET, { description, replicas: config.num_replicas });
}

const stores = new WeakMap<Link, ObjectStore>();

async function findStore(link: Link): Promise<ObjectStore | undefined> {
  const known = stores.get(link);
  if (known) return known;
  try {
    const store = await new Objm(link.jetstream).open(BUCKET);
    stores.set(link, store);
    return store;
  } catch (error) {
    if (error instanceof Error && /not found/.test(error.message)) return undefined;
    throw error;
  }
}
