import { MeshError } from '@crm-mesh/contract';
import { AckPolicy, DeliverPolicy, type ConsumerInfo } from '@nats-io/jetstream';
import { nanos, nuid } from '@nats-io/transport-node';
import { askJetStream } from './ask-jetstream.js';
import type { Link } from './link.js';
import type { Delivery, StoredMessage } from './message.js';
import { PullLoop } from './pull.js';
import { getNextMessage, readStreamState } from './stream-messages.js';
import { pauseFor } from './wait.js';

export interface ReadOptions {
  fromSequence: number;
  toSequence?: number;
  filterSubject?: string;
}

export interface FollowOptions {
  fromSequence?: number;
  filterSubject?: string;
  signal: AbortSignal;
}

const READ_AHEAD = 500;
const RETRY_WAIT_MS = 1_000;
/** How often a reader to whom nothing comes asks whether anything can. */
const IDLE_CHECK_MS = 500;
/** A reader that crashed leaves its consumer behind for so long. */
const INACTIVE_MS = 30_000;

/** Where a reader stands; `next` is the first sequence not yet handed out. */
interface Place {
  stream: string;
  filterSubject: string | undefined;
  next: number;
}

/** Reads up to the stream's last sequence at the call (or `toSequence`, if that comes first), then ends. */
export function readStream(link: Link, stream: string, options: ReadOptions): AsyncIterable<StoredMessage> {
  const last = readStreamState(link, stream);
  last.catch(() => undefined);
  return readUntilEnd(
    link,
    last,
    { stream, filterSubject: options.filterSubject, next: options.fromSequence },
    options,
  );
}

async function* readUntilEnd(
  link: Link,
  state: Promise<{ lastSequence: number }>,
  place: Place,
  { toSequence = Number.POSITIVE_INFINITY }: ReadOptions,
): AsyncGenerator<StoredMessage> {
  const end = Math.min(toSequence, (await state).lastSequence);
  const watch = watchForEnd(link, place, end);
  try {
    while (place.next <= end && !watch.signal.aborted) {
      for await (const { message, pending } of readOnce(link, place, watch.signal)) {
        if (message !== undefined) {
          if (message.sequence > end) return;
          place.next = message.sequence + 1;
          yield message;
          if (place.next > end) return;
        }
        if (pending === 0 && !(await hasMore(link, place, end))) return;
      }
    }
  } finally {
    watch.stop();
  }
}

/** What was to come may be deleted before it is delivered: then nothing comes, and nobody says so. */
function watchForEnd(link: Link, place: Place, end: number): { signal: AbortSignal; stop(): void } {
  const over = new AbortController();
  let seen = 0;
  const look = async (): Promise<void> => {
    const isStill = seen === place.next;
    seen = place.next;
    if (isStill && !(await hasMore(link, place, end))) over.abort();
  };
  // While the server is away, the reader itself waits for it.
  const timer = setInterval(() => void look().catch(() => undefined), IDLE_CHECK_MS);
  return { signal: over.signal, stop: () => clearInterval(timer) };
}

/** The reader's server may lag behind the leader of the stream, so its "nothing more" is asked of the leader. */
async function hasMore(link: Link, { stream, next, filterSubject }: Place, end: number): Promise<boolean> {
  const following = await getNextMessage(link, stream, next, filterSubject ?? '>');
  return following !== undefined && following.sequence <= end;
}

/** Endless; `from now on` counts from this call, not from the first step of the loop. */
export function followStream(link: Link, stream: string, options: FollowOptions): AsyncIterable<StoredMessage> {
  const { fromSequence } = options;
  const first =
    fromSequence === undefined
      ? readStreamState(link, stream).then(({ lastSequence }) => lastSequence + 1)
      : Promise.resolve(fromSequence);
  first.catch(() => undefined);
  return followFrom(link, stream, first, options);
}

async function* followFrom(
  link: Link,
  stream: string,
  first: Promise<number>,
  { filterSubject, signal }: FollowOptions,
): AsyncGenerator<StoredMessage> {
  const place: Place = { stream, filterSubject, next: await first };
  while (!signal.aborted) {
    for await (const { message } of readOnce(link, place, signal)) {
      if (signal.aborted) return;
      if (message === undefined) continue;
      place.next = message.sequence + 1;
      yield message;
    }
  }
}

interface Step {
  message?: Delivery;
  /** How many wait behind it, as far as the reader's server knows. */
  pending: number;
}

/** One consumer's life: ends when something may have been lost on the way, and the caller starts over at `place.next`. */
async function* readOnce(link: Link, place: Place, signal?: AbortSignal): AsyncGenerator<Step> {
  const info = await createReader(link, place, signal);
  if (info === undefined) return;
  const pull = new PullLoop(link, info, { maxMessages: READ_AHEAD, onNotice: () => void pull.stop() });
  const stop = (): void => void pull.stop();
  signal?.addEventListener('abort', stop);
  let expected = 1;
  try {
    yield { pending: info.num_pending };
    for await (const message of pull) {
      if (message.consumerSequence !== expected) return;
      expected += 1;
      yield { message, pending: message.pending };
    }
  } finally {
    signal?.removeEventListener('abort', stop);
    removeReader(link, info);
  }
}

/** Tries until the connection is back; undefined when aborted. */
async function createReader(link: Link, place: Place, signal?: AbortSignal): Promise<ConsumerInfo | undefined> {
  for (;;) {
    if (signal?.aborted) return undefined;
    try {
      return await addReader(link, place);
    } catch (error) {
      if (link.closed || !isOutage(error)) throw error;
      link.log.debug?.({ err: error, stream: place.stream }, 'the stream cannot be read yet');
      await pauseFor(RETRY_WAIT_MS, signal);
    }
  }
}

function addReader(link: Link, { stream, filterSubject, next }: Place): Promise<ConsumerInfo> {
  return askJetStream(link, `read ${stream}`, () =>
    link.jsm.consumers.add(stream, {
      name: `read-${nuid.next()}`,
      description: 'A short-lived reader of the mesh',
      ack_policy: AckPolicy.None,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: Math.max(1, next),
      mem_storage: true,
      num_replicas: 1,
      inactive_threshold: nanos(INACTIVE_MS),
      ...(filterSubject !== undefined && { filter_subject: filterSubject }),
    }),
  );
}

function isOutage(error: unknown): boolean {
  return error instanceof MeshError && (error.code === 'MESH_NATS_NO_ANSWER' || error.code === 'MESH_NATS_UNAVAILABLE');
}

function removeReader(link: Link, { stream_name: stream, name }: ConsumerInfo): void {
  // Best effort: the server forgets it anyway after a while.
  if (link.connected) link.jsm.consumers.delete(stream, name).catch(() => undefined);
}
