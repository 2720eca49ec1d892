import { once } from 'node:events';
import { Unavailable, type SourceContext, type SubscribeRequest } from '@crm-mesh/sdk';
import { status as Status, type ServiceError } from '@grpc/grpc-js';
import type { SalesforceConfig } from '../config.js';
import { toId18 } from '../ids.js';
import { openSession } from '../session.js';
import { PubSubClient } from './client.js';
import { createDecoder, type DecodeEvent } from './decode-event.js';
import { draftChanges, type Told } from './draft-changes.js';
import type { FetchRequest, FetchResponse } from './interface.js';

/** What Salesforce lets be under way; asking for more is taken for this. */
const MAX_REQUESTED = 100;

type Context = SourceContext<SalesforceConfig>;
type Start = Pick<FetchRequest, 'replay_preset' | 'replay_id'>;

interface Following {
  request: SubscribeRequest;
  context: Context;
  client: PubSubClient;
  readDecoder(schemaId: string): Promise<DecodeEvent>;
}

/**
 * Follows the organisation's change events. Its place in the stream is the replay id, as base64: bytes that mean nothing
 * but to Salesforce, which keeps them for 72 hours. When it no longer knows ours, what happened in between is lost to the
 * stream: it is followed from the oldest event that there is, and a poll has to find the rest.
 */
export async function followChanges(request: SubscribeRequest, context: Context): Promise<void> {
  const { signal, cursor } = request;
  const { stream, organizationId } = context.config;
  if (signal.aborted) return;
  if (!stream.enabled) return void (await once(signal, 'abort'));
  const session = await openSession(context);
  const client = new PubSubClient(stream, { ...session, tenantId: toId18(organizationId) ?? organizationId });
  const following = { request, context, client, readDecoder: createDecoders(client) };
  try {
    await follow(startAt(cursor), following).catch((error: unknown) => {
      if (cursor === undefined || !isReplayLost(error)) throw error;
      request.lost('Salesforce no longer knows the place in its stream of changes up to which they were taken.');
      return follow({ replay_preset: 'EARLIEST' }, following);
    });
  } catch (error) {
    if (!signal.aborted) throw explainError(error);
  } finally {
    client.close();
  }
}

function startAt(cursor: string | undefined): Start {
  if (cursor === undefined) return { replay_preset: 'LATEST' };
  return { replay_preset: 'CUSTOM', replay_id: Buffer.from(cursor, 'base64') };
}

/** Schemas change their ids when a field is added; one of an id never changes. */
function createDecoders(client: PubSubClient): Following['readDecoder'] {
  const decoders = new Map<string, Promise<DecodeEvent>>();
  return (schemaId) => {
    const decoder = decoders.get(schemaId) ?? client.readSchema(schemaId).then(createDecoder);
    decoders.set(schemaId, decoder);
    return decoder;
  };
}

async function follow(start: Start, following: Following): Promise<void> {
  const { request, context, client } = following;
  const { channel, silenceMs } = context.config.stream;
  const stream = client.subscribe();
  // Who reads hears of it; after the end nobody does.
  stream.on('error', () => undefined);
  const cancel = () => stream.cancel();
  request.signal.addEventListener('abort', cancel);
  try {
    const responses = stream[Symbol.asyncIterator]() as AsyncIterator<FetchResponse, undefined>;
    stream.write({ topic_name: channel, ...start, num_requested: MAX_REQUESTED });
    let requested = MAX_REQUESTED;
    for (;;) {
      const { value: response } = await waitFor(responses.next(), silenceMs);
      if (response === undefined) throw new Unavailable('Salesforce ended the stream of changes.');
      await takeResponse(response, following);
      // Counted here: what a response says of it was so before those that lie in our hands already.
      requested -= response.events.length;
      if (response.events.length === 0) requested = Math.min(requested, response.pending_num_requested);
      if (requested > MAX_REQUESTED / 2) continue;
      stream.write({ num_requested: MAX_REQUESTED - requested });
      requested = MAX_REQUESTED;
    }
  } finally {
    request.signal.removeEventListener('abort', cancel);
    cancel();
  }
}

/** An empty response carries a newer place, too: without it, that of a quiet channel would be forgotten after 72 hours. */
async function takeResponse({ events, latest_replay_id }: FetchResponse, following: Following): Promise<void> {
  const { request, context } = following;
  const told: Told[] = [];
  for (const { event } of events) {
    const decode = await following.readDecoder(event.schema_id);
    try {
      told.push({ eventId: event.id, event: decode(event.payload) });
    } catch (error) {
      context.log.error({ eventId: event.id, schemaId: event.schema_id, error }, 'a change event cannot be read');
      request.lost('A change event of Salesforce cannot be read by its schema.');
    }
  }
  const drafts = await draftChanges(told, context, (why) => request.lost(why));
  const place = events.at(-1)?.replay_id ?? latest_replay_id;
  if (drafts.length > 0 || place.length > 0) await request.take(drafts, place.toString('base64'));
}

async function waitFor<T>(promise: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Unavailable(`Salesforce's stream of changes was silent for ${timeoutMs / 1000} s.`));
    }, timeoutMs);
  });
  try {
    return await Promise.race([promise, silence]);
  } finally {
    clearTimeout(timer);
    promise.catch(() => undefined);
  }
}

/** `…fetch.replayid.corrupted`, `…replayid.validation.failed`; the code stands in the trailer. */
function isReplayLost(error: unknown): boolean {
  return isServiceError(error) && /replay\s?id/i.test(codesOf(error) + error.details);
}

function codesOf(error: ServiceError): string {
  return (error.metadata?.get('error-code') ?? []).join(' ');
}

/** Nothing is wrong with a record: the stream is opened anew after a while, with a session that Salesforce takes. */
function explainError(error: unknown): unknown {
  if (!isServiceError(error)) return error;
  const code = codesOf(error) || Status[error.code];
  return new Unavailable(`Salesforce's stream of changes failed: ${code}.`, { cause: error });
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' && 'details' in error;
}
