import { MeshError, type MeshErrorCode } from '@crm-mesh/contract';
import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream';
import { NoRespondersError, PermissionViolationError, TimeoutError } from '@nats-io/transport-node';
import type { Link } from './link.js';

const WAIT_MS = 5_000;
const MOST_TRIES = 3;

const API_ERRORS: ReadonlyMap<number, MeshErrorCode> = new Map([
  [JetStreamApiCodes.StreamNotFound, 'MESH_STREAM_MISSING'],
  [JetStreamApiCodes.ConsumerNotFound, 'MESH_DURABLE_MISSING'],
]);

/**
 * Asks JetStream's API something that may be asked twice. A question that was under way at a disconnect would only time
 * out; here it is asked again after the reconnect. Rejects with a MeshError, but for answers that `isExpected` names.
 */
export async function askJetStream<T>(link: Link, what: string, ask: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    await link.waitUntilConnected(WAIT_MS);
    const answer = await raceReconnect(link, ask);
    if ('value' in answer) return answer.value;
    if ('error' in answer) throw describeApiError(link, what, answer.error);
    if (tries === MOST_TRIES)
      throw new MeshError('MESH_NATS_NO_ANSWER', `JetStream (${what}): the connection keeps breaking.`);
  }
}

type Answer<T> = { value: T } | { error: unknown } | { interrupted: true };

async function raceReconnect<T>(link: Link, ask: () => Promise<T>): Promise<Answer<T>> {
  let stop = (): void => undefined;
  const interrupted = new Promise<Answer<T>>((resolve) => {
    stop = link.onReconnect(() => resolve({ interrupted: true }));
  });
  const asked = ask().then(
    (value): Answer<T> => ({ value }),
    (error: unknown): Answer<T> => ({ error }),
  );
  try {
    return await Promise.race([asked, interrupted]);
  } finally {
    stop();
  }
}

/** The server's own error code; undefined when it was something else. */
export function apiErrorCode(error: unknown): number | undefined {
  return findCause(error, JetStreamApiError)?.code;
}

export function isMissing(error: unknown): boolean {
  const code = apiErrorCode(error);
  return code === JetStreamApiCodes.StreamNotFound || code === JetStreamApiCodes.ConsumerNotFound;
}

function describeApiError(link: Link, what: string, cause: unknown): Error {
  if (cause instanceof MeshError) return cause;
  const forbidden = findCause(cause, PermissionViolationError);
  if (forbidden !== undefined) {
    return new MeshError('MESH_NATS_FORBIDDEN', `The NATS user may not ${describeRight(forbidden)}.`, { cause });
  }
  const code = apiErrorCode(cause);
  if (code === JetStreamApiCodes.JetStreamNotEnabledForAccount || findCause(cause, NoRespondersError) !== undefined) {
    const cure =
      'Start nats-server with `-js`, or with `jetstream {}` in its configuration; with accounts, also in the account.';
    return new MeshError('MESH_NATS_UNAVAILABLE', `JetStream is off at ${link.serverUrl}.`, { cause, cure });
  }
  if (code === undefined) {
    const said = cause instanceof TimeoutError ? 'no answer in time' : readMessage(cause);
    return new MeshError('MESH_NATS_NO_ANSWER', `JetStream (${what}): ${said}.`, { cause });
  }
  return new MeshError(
    API_ERRORS.get(code) ?? 'MESH_STREAM_REFUSED',
    `JetStream (${what}): ${readMessage(cause)} (${code}).`,
    {
      cause,
    },
  );
}

function describeRight({ operation, subject }: PermissionViolationError): string {
  return `${operation === 'subscription' ? 'subscribe' : 'publish'} to '${subject}'`;
}

function readMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The first of this kind in the chain of causes. */
export function findCause<T extends Error>(error: unknown, kind: new (...args: never[]) => T): T | undefined {
  for (let at = error; at instanceof Error; at = at.cause) if (at instanceof kind) return at;
  return undefined;
}
