import { Unavailable, readRetryAfterMs, type ApiAnswer, type OAuth } from '@crm-mesh/sdk';
import { isObject } from '@crm-mesh/sdk/kit';
import { SignJWT } from 'jose';
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { exchange } from './exchange.js';

/** An access token, as the token endpoint gave it. */
export interface Token {
  value: string;
  /** Epoch milliseconds; undefined: it holds until the API refuses it. */
  expiresAtMs?: number;
  /** The API's address, where the answer names it. */
  baseUrl?: string;
  /** Takes the place of the one that was used. */
  refreshToken?: string;
}

export interface TokenOptions {
  title: string;
  timeoutMs: number;
  now(): number;
}

/** The endpoint answered, and takes neither this grant nor this client. */
export class TokenRefused extends Unavailable {}

/** Salesforce takes no assertion that holds for longer than three minutes. */
const ASSERTION_SECONDS = 170;

/**
 * Asks the token endpoint. Plain forms and not a strict OAuth client: CRMs answer 200 with an error, leave out
 * `expires_in`, or send it as text. Whatever is refused is `Unavailable`: no record is to blame for it.
 */
export async function requestToken(
  oauth: OAuth,
  refreshToken: string | undefined,
  options: TokenOptions,
): Promise<Token> {
  const askedAtMs = options.now();
  const form = new URLSearchParams(await listGrant(oauth, refreshToken, options));
  if (oauth.scope !== undefined) form.set('scope', oauth.scope);
  const answer = await exchange({
    method: 'POST',
    url: oauth.tokenUrl,
    headers: {
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded',
      ...showClient(oauth, form),
    },
    body: form.toString(),
    timeoutMs: options.timeoutMs,
    title: `${options.title}’s token endpoint`,
    name: `POST ${new URL(oauth.tokenUrl).pathname}`,
  });
  return readToken(answer, { oauth, askedAtMs, options });
}

async function listGrant(
  { grant, clientId }: OAuth,
  refreshToken: string | undefined,
  { now, title }: TokenOptions,
): Promise<Record<string, string>> {
  if (grant.type === 'refresh_token')
    return { grant_type: 'refresh_token', refresh_token: refreshToken ?? grant.refreshToken };
  if (grant.type === 'client_credentials') return { grant_type: 'client_credentials' };
  const issuedAt = Math.floor(now() / 1000);
  const assertion = await new SignJWT()
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
    .setIssuer(clientId)
    .setSubject(grant.subject)
    .setAudience(grant.audience)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + ASSERTION_SECONDS)
    .sign(readKey(grant.privateKeyPem, title));
  return { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion };
}

function readKey(pem: string, title: string): KeyObject {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === 'rsa') return key;
  } catch {
    // The reason would tell of the key.
  }
  throw new Unavailable(
    `The private key for ${title} cannot be read. Set it as an RSA key in PEM (\`-----BEGIN PRIVATE KEY-----\`), with its line ends and without a passphrase.`,
  );
}

/** The form gets the client's id and secret, or the header does (RFC 6749, 2.3.1). An assertion needs neither. */
function showClient(
  { clientId, clientSecret, clientAuth, grant }: OAuth,
  form: URLSearchParams,
): Record<string, string> {
  if (grant.type === 'jwt-bearer' && clientSecret === undefined) return {};
  if (clientAuth === 'basic') {
    const pair = [clientId, clientSecret ?? ''].map(encodeURIComponent).join(':');
    return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
  }
  form.set('client_id', clientId);
  if (clientSecret !== undefined) form.set('client_secret', clientSecret);
  return {};
}

interface Asked {
  oauth: OAuth;
  askedAtMs: number;
  options: TokenOptions;
}

function readToken(answer: ApiAnswer, { oauth, askedAtMs, options }: Asked): Token {
  const body = isObject(answer.body) ? answer.body : {};
  const { access_token: value, refresh_token: refreshToken } = body;
  if (answer.status !== 200 || typeof value !== 'string' || value === '')
    throw describeRefusal(answer, { oauth, options, error: body.error });
  const seconds = Number(body.expires_in);
  const baseUrl = oauth.baseUrlOf?.(body);
  return {
    value,
    ...(seconds > 0 && { expiresAtMs: askedAtMs + seconds * 1000 }),
    ...(baseUrl !== undefined && { baseUrl }),
    ...(typeof refreshToken === 'string' && refreshToken !== '' && { refreshToken }),
  };
}

/** By the error's own word; its description may name people and is left out. */
function describeRefusal(
  answer: ApiAnswer,
  { oauth, options, error }: { oauth: OAuth; options: TokenOptions; error: unknown },
): Unavailable {
  const word = typeof error === 'string' && /^[\w.-]{1,60}$/.test(error) ? error : undefined;
  const what = `${options.title}’s token endpoint answered ${answer.status}${word === undefined ? '' : ` (${word})`}`;
  const retryAfterMs = readRetryAfterMs(answer.headers['retry-after'], options.now());
  const isAway = answer.status === 429 || answer.status >= 500;
  const rest = retryAfterMs === undefined ? {} : { retryAfterMs };
  return isAway ? new Unavailable(`${what}.`, rest) : new TokenRefused(`${what}: ${listCure(oauth, word)}`, rest);
}

function listCure({ grant }: OAuth, word: string | undefined): string {
  if (word === 'invalid_client' || word === 'invalid_client_id')
    return 'it does not know this client. Set the client’s id and secret of this connection anew.';
  if (grant.type === 'refresh_token')
    return 'it does not take the refresh token any more. Authorise the app in the CRM anew, and set the new refresh token in this connection.';
  if (grant.type === 'client_credentials')
    return 'it grants this client no token. Check the client’s id, secret and scopes of this connection.';
  return 'it does not take the signed assertion. Check client id, subject, audience and key of this connection, whether the subject has approved the app, and the clock of this machine.';
}
