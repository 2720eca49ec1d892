import { MESH_ERRORS, MeshError, type MeshErrorCode } from '@crm-mesh/contract';
import { headers, NoRespondersError, type Msg, type MsgHdrs } from '@nats-io/transport-node';
import { findCause } from './ask-jetstream.js';
import { linkOf, type Nats } from './nats.js';
import { requestMessage, requestMessages } from './request.js';

/** As the NATS service protocol (ADR-32) names them. */
const ERROR_HEADER = 'Nats-Service-Error';
const ERROR_CODE_HEADER = 'Nats-Service-Error-Code';

/** What an error looks like on the wire. */
interface ErrorBody {
  error: { code: string; message: string; cure: string };
}

export function controlSubject(app: string, verb: string): string {
  return `mesh.ctl.${app}.${verb}`;
}

/** On it all that run the app answer, each for itself. */
export function everySubject(subject: string): string {
  return `${subject}.every`;
}

/** Nobody is waited for longer than this after the last answer. */
const QUIET_MS = 300;

export interface EveryOptions<T> {
  timeoutMs?: number;
  /** Whether nobody else is waited for. Default: for whoever may answer within 300 ms of the last. */
  isEnough?(answers: readonly T[]): boolean;
}

/** Asks all that run an app; what one of them could not answer is left out. Empty when nobody runs it. */
// oxlint-disable-next-line max-params -- as requestControl
export async function requestEvery<T = unknown>(
  nats: Nats,
  app: string,
  verb: string,
  payload?: unknown,
  { timeoutMs, isEnough }: EveryOptions<T> = {},
): Promise<T[]> {
  const subject = everySubject(controlSubject(app, verb));
  const messages = await requestMessages(linkOf(nats), subject, encodePayload(payload), {
    timeoutMs,
    quietMs: QUIET_MS,
    isEnough: isEnough && ((found) => isEnough(readAnswers<T>(found))),
  });
  return readAnswers<T>(messages);
}

function readAnswers<T>(messages: readonly Msg[]): T[] {
  return messages
    .filter((message) => !message.headers?.has(ERROR_HEADER))
    .map((message) => decodePayload(message.data) as T);
}

/**
 * Asks an app of the mesh; plain JSON both ways, an empty payload is `undefined`. Rejects with the MeshError that the app
 * threw, or with MESH_NATS_NO_ANSWER.
 */
// oxlint-disable-next-line max-params -- whom, what and how, in the order in which one says it
export async function requestControl<T = unknown>(
  nats: Nats,
  app: string,
  verb: string,
  payload?: unknown,
  options: { timeoutMs?: number } = {},
): Promise<T> {
  const subject = controlSubject(app, verb);
  try {
    const message = await requestMessage(linkOf(nats), subject, encodePayload(payload), options.timeoutMs);
    if (message.headers?.has(ERROR_HEADER)) throw readError(app, verb, message);
    return decodePayload(message.data) as T;
  } catch (error) {
    if (findCause(error, NoRespondersError) === undefined) throw error;
    const what = `The ${app} does not run, or does not know '${verb}' (nobody listens on ${subject}).`;
    throw new MeshError('MESH_NATS_NO_ANSWER', what, { cause: error });
  }
}

export function encodePayload(value: unknown): string {
  return value === undefined ? '' : JSON.stringify(value);
}

/** Throws a SyntaxError. */
export function decodePayload(data: Uint8Array): unknown {
  return data.length === 0 ? undefined : JSON.parse(Buffer.from(data).toString());
}

export interface ErrorReply {
  body: string;
  headers: MsgHdrs;
}

export function encodeError(error: MeshError): ErrorReply {
  const { code, what, cure } = error;
  const body: ErrorBody = { error: { code, message: what, cure } };
  const hdrs = headers();
  hdrs.set(ERROR_HEADER, `${code}: ${what}`.replace(/[\r\n]+/g, ' '));
  hdrs.set(ERROR_CODE_HEADER, code === 'MESH_CONTROL_FAILED' ? '500' : '400');
  return { body: JSON.stringify(body), headers: hdrs };
}

function readError(app: string, verb: string, message: Msg): MeshError {
  const { code, message: what, cure } = readErrorBody(message) ?? {};
  if (code !== undefined && what !== undefined && code in MESH_ERRORS) {
    return new MeshError(code as MeshErrorCode, what, { cure });
  }
  const said = message.headers?.get(ERROR_HEADER) ?? 'no reason given';
  return new MeshError('MESH_CONTROL_FAILED', `The ${app} failed at '${verb}': ${said}.`);
}

function readErrorBody(message: Msg): Partial<ErrorBody['error']> | undefined {
  try {
    return message.json<Partial<ErrorBody>>().error;
  } catch {
    return undefined;
  }
}
