import { RefusedRequest, Unavailable, readRetryAfterMs } from '@crm-mesh/sdk';
import type { ApiAnswer, ApiDescription, ApiFailure, ApiRequest } from '@crm-mesh/sdk';
import { nameRequest } from './build-request.js';

/** How long a 429 holds everything back that does not say so itself. */
const BLOCK_MS = 10_000;
/** Of whatever an answer says: no limit of a CRM lasts longer than its day. */
const LONGEST_BLOCK_MS = 86_400_000;

/** Not to be mended by another try of the same request, but not its own fault either. */
const AWAY = [403, 408, 425];

/** What a failure means; undefined: the answer is what was asked for. */
export function judgeAnswer(
  answer: ApiAnswer,
  request: ApiRequest,
  { explain, auth }: ApiDescription,
): ApiFailure | undefined {
  const { status } = answer;
  if ((status >= 200 && status < 300) || request.accept?.includes(status)) return undefined;
  const explained = explain?.(answer, request);
  if (explained) return explained;
  if (status === 429) return { kind: 'blocked', what: 'its rate limit is used up', retryAfterMs: BLOCK_MS };
  if (status === 401) return { kind: 'unauthorised', what: describeRefusal(auth.kind) };
  if (status === 403)
    return { kind: 'unavailable', what: 'the credentials of this connection do not allow it. Grant it in the CRM' };
  return AWAY.includes(status) || status >= 500 ? { kind: 'unavailable', what: '' } : { kind: 'refused', what: '' };
}

function describeRefusal(kind: ApiDescription['auth']['kind']): string {
  if (kind === 'none') return 'it wants credentials, and this connection has none';
  if (kind === 'oauth2') return 'it does not take the token that it has just given. Authorise the app anew';
  return 'the credentials of this connection are wrong or were revoked. Set them anew';
}

/** How long nothing may be sent after it. What the answer says in `Retry-After` wins. */
export function readDelayMs(answer: ApiAnswer, failure: ApiFailure, nowMs: number): number | undefined {
  const told = readRetryAfterMs(answer.headers['retry-after'], nowMs);
  const own = 'retryAfterMs' in failure ? failure.retryAfterMs : undefined;
  const delayMs = told ?? own;
  return delayMs === undefined ? undefined : Math.min(delayMs, LONGEST_BLOCK_MS);
}

/** As the delivery engine understands it. */
export function toError(
  answer: ApiAnswer,
  failure: ApiFailure,
  about: { title: string; request: ApiRequest; retryAfterMs: number | undefined },
): Error {
  const what = `${about.title} answered ${answer.status} to ${nameRequest(about.request)}${endSentence(failure.what)}`;
  if (failure.kind === 'refused') return new RefusedRequest(what, answer.status, answer.body);
  const { retryAfterMs } = about;
  return new Unavailable(what, retryAfterMs === undefined ? undefined : { retryAfterMs });
}

/** `(VALIDATION_ERROR)` follows as it is, everything else after a colon. */
function endSentence(what: string): string {
  if (what === '') return '.';
  return `${what.startsWith('(') ? ' ' : ': '}${what}${/[.?!]$/.test(what) ? '' : '.'}`;
}
