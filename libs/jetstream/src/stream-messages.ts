import type { MsgHdrs } from '@nats-io/transport-node';
import { JetStreamApiError } from '@nats-io/jetstream';
import { apiErrorCode, askJetStream } from './ask-jetstream.js';
import type { Link } from './link.js';
import { readHeader, type StoredMessage } from './message.js';
import type { StreamState } from './state.js';

const NOT_THERE: ReadonlySet<number> = new Set([
  10037, // no message found
  10043, // sequence not found
  10057, // deleting: no message at that sequence
]);

export async function readStreamState(link: Link, stream: string): Promise<StreamState> {
  const { config, created, state } = await askJetStream(link, `stream ${stream}`, () => link.jsm.streams.info(stream));
  return {
    name: config.name,
    incarnation: created,
    firstSequence: state.first_seq,
    lastSequence: state.last_seq,
    messages: state.messages,
    bytes: state.bytes,
    subjectCount: state.num_subjects ?? 0,
    maxMessages: Math.max(0, config.max_msgs),
    maxBytes: Math.max(0, config.max_bytes),
  };
}

/** Any replica may answer; one that lags knows nothing of the newest, so its "not there" is asked of the leader. */
export async function getMessage(link: Link, stream: string, sequence: number): Promise<StoredMessage | undefined> {
  if (!(sequence >= 1)) return undefined;
  const direct = await link.jsm.direct.getMessage(stream, { seq: sequence }).catch(() => null);
  if (direct !== null) return toStored(stream, direct);
  const what = `message ${sequence} of ${stream}`;
  return await askLeader(link, stream, what, { seq: sequence });
}

export async function getLastMessage(link: Link, stream: string, subject: string): Promise<StoredMessage | undefined> {
  return await askLeader(link, stream, `last message of a subject of ${stream}`, { last_by_subj: subject });
}

/** The next message at or after the sequence that the filter lets through, as the leader sees it. */
export async function getNextMessage(
  link: Link,
  stream: string,
  sequence: number,
  filterSubject: string,
): Promise<StoredMessage | undefined> {
  const what = `next message after ${sequence} of ${stream}`;
  return await askLeader(link, stream, what, { seq: sequence, next_by_subj: filterSubject });
}

type LeaderQuery = { seq: number } | { last_by_subj: string } | { seq: number; next_by_subj: string };

async function askLeader(
  link: Link,
  stream: string,
  what: string,
  query: LeaderQuery,
): Promise<StoredMessage | undefined> {
  try {
    const found = await askJetStream(link, what, () => link.jsm.streams.getMessage(stream, query));
    return found === null ? undefined : toStored(stream, found);
  } catch (error) {
    if (NOT_THERE.has(apiErrorCode(error) ?? 0)) return undefined;
    throw error;
  }
}

export async function deleteMessage(link: Link, stream: string, sequence: number): Promise<boolean> {
  const what = `delete message ${sequence} of ${stream}`;
  try {
    return await askJetStream(link, what, () => link.jsm.streams.deleteMessage(stream, sequence));
  } catch (error) {
    if (NOT_THERE.has(apiErrorCode(error) ?? 0) || isUnknownSequence(error)) return false;
    throw error;
  }
}

export async function purgeBelow(link: Link, stream: string, sequence: number): Promise<number> {
  const what = `purge ${stream} below ${sequence}`;
  const { purged } = await askJetStream(link, what, () => link.jsm.streams.purge(stream, { seq: sequence }));
  return purged;
}

/** The server words a sequence that was never there as a failure of deleting. */
function isUnknownSequence(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof JetStreamApiError && /not found|no message/i.test(cause.message);
}

interface FoundMessage {
  subject: string;
  seq: number;
  data: Uint8Array;
  header: MsgHdrs;
  time: Date;
}

export function toStored(stream: string, found: FoundMessage): StoredMessage {
  return {
    stream,
    subject: found.subject,
    sequence: found.seq,
    data: found.data,
    storedAtMs: found.time.getTime(),
    header: (name) => readHeader(found.header, name),
  };
}
