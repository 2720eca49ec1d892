import { MeshError } from '@crm-mesh/contract';
import { NoRespondersError, PermissionViolationError, TimeoutError, type Msg } from '@nats-io/transport-node';
import { findCause } from './ask-jetstream.js';
import type { Link } from './link.js';

const DEFAULT_TIMEOUT_MS = 5_000;

/** A plain NATS request. Rejects with MESH_NATS_NO_ANSWER when nobody listens or answers in time. */
export async function requestMessage(
  link: Link,
  subject: string,
  payload: Uint8Array | string,
  timeoutMs = DEFAULT_TIMEOUT_MS,
): Promise<Msg> {
  if (!link.connected) throw new MeshError('MESH_NATS_NO_ANSWER', `NATS is not connected (request to '${subject}').`);
  try {
    return await link.nc.request(subject, payload, { timeout: timeoutMs });
  } catch (error) {
    throw describeRequestError(subject, timeoutMs, error);
  }
}

interface ManyOptions {
  timeoutMs?: number | undefined;
  quietMs: number;
  /** Asked after each answer. */
  isEnough?: ((answers: readonly Msg[]) => boolean) | undefined;
}

/** All answers, until nobody has answered for a while, or they are enough. Empty when nobody listens. */
export async function requestMessages(
  link: Link,
  subject: string,
  payload: Uint8Array | string,
  { timeoutMs = DEFAULT_TIMEOUT_MS, quietMs, isEnough }: ManyOptions,
): Promise<Msg[]> {
  if (!link.connected) throw new MeshError('MESH_NATS_NO_ANSWER', `NATS is not connected (request to '${subject}').`);
  const found: Msg[] = [];
  try {
    const options = { strategy: 'stall', maxWait: timeoutMs, stall: quietMs } as const;
    for await (const message of await link.nc.requestMany(subject, payload, options)) {
      found.push(message);
      if (isEnough?.(found)) break;
    }
  } catch (error) {
    if (findCause(error, NoRespondersError) !== undefined) return [];
    throw describeRequestError(subject, timeoutMs, error);
  }
  return found;
}

function describeRequestError(subject: string, timeoutMs: number, cause: unknown): MeshError {
  const forbidden = findCause(cause, PermissionViolationError);
  if (forbidden !== undefined) {
    return new MeshError('MESH_NATS_FORBIDDEN', `The NATS user may not use '${forbidden.subject}'.`, { cause });
  }
  return new MeshError('MESH_NATS_NO_ANSWER', `${sayWhy(subject, timeoutMs, cause)}.`, { cause });
}

function sayWhy(subject: string, timeoutMs: number, error: unknown): string {
  if (findCause(error, NoRespondersError) !== undefined) return `Nobody listens on '${subject}'`;
  if (error instanceof TimeoutError) return `No answer on '${subject}' within ${timeoutMs} ms`;
  return `The request to '${subject}' failed: ${error instanceof Error ? error.message : String(error)}`;
}

/** Rejects with MESH_NATS_NO_ANSWER when the connection breaks before. */
export async function flushLink(link: Link): Promise<void> {
  link.turn.flush();
  try {
    await link.nc.flush();
  } catch (cause) {
    throw new MeshError('MESH_NATS_NO_ANSWER', 'NATS was disconnected before all that was written had reached it.', {
      cause,
    });
  }
}
