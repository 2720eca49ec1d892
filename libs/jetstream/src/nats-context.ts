import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { MeshError } from '@crm-mesh/contract';
import {
  credsAuthenticator,
  jwtAuthenticator,
  nkeyAuthenticator,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
  type Authenticator,
  type TlsOptions,
} from '@nats-io/transport-node';
import { checkAuthenticator, readCredsAtConnect } from './credentials.js';
import { DEFAULT_URL, parseUrls, type ServerAddress } from './server-urls.js';

type Context = Readonly<Record<string, unknown>>;

/** The keys of a `nats` CLI context that carry text. Others, like `color_scheme`, are not for us. */
type Key =
  | 'url'
  | 'token'
  | 'user'
  | 'password'
  | 'creds'
  | 'nkey'
  | 'cert'
  | 'key'
  | 'ca'
  | 'user_jwt'
  | 'user_seed'
  | 'jetstream_domain'
  | 'jetstream_api_prefix'
  | 'inbox_prefix';

const UNSUPPORTED_KEYS = ['nsc', 'socks_proxy'] as const;

/** Reads what `nats context add` wrote; never writes. */
export function readNatsContext(nameOrPath: string): ServerAddress {
  const path = findContextFile(nameOrPath);
  const context = new ContextFile(path, parseContext(path));
  for (const key of UNSUPPORTED_KEYS) context.refuse(key);
  const address = parseUrls(context.text('url') ?? DEFAULT_URL);
  for (const authenticator of readAuthenticators(context)) {
    address.authenticators.push(checkAuthenticator(authenticator, `The login in ${path} cannot be used`));
  }
  address.tls = readTls(context) ?? address.tls;
  address.inboxPrefix = context.text('inbox_prefix');
  const domain = context.text('jetstream_domain');
  address.jetstreamPrefix = context.text('jetstream_api_prefix') ?? (domain && `$JS.${domain}.API`);
  return address;
}

function findContextFile(nameOrPath: string): string {
  if (nameOrPath.includes('/') || nameOrPath.includes('\\')) return expandPath(nameOrPath);
  const config = process.env['XDG_CONFIG_HOME'] || join(homedir(), '.config');
  return join(config, 'nats', 'context', `${nameOrPath}.json`);
}

function parseContext(path: string): Context {
  try {
    const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (parsed !== null && typeof parsed === 'object' && !Array.isArray(parsed)) return parsed as Context;
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    // The parser's message would quote the file, and with it perhaps a password.
    const what = missing ? 'does not exist' : 'cannot be read as JSON';
    throw new MeshError('MESH_NATS_CONTEXT_INVALID', `The NATS context file ${path} ${what}.`);
  }
  throw new MeshError('MESH_NATS_CONTEXT_INVALID', `The NATS context file ${path} holds no JSON object.`);
}

function readAuthenticators(context: ContextFile): Authenticator[] {
  const found: Authenticator[] = [];
  const token = context.secret('token');
  if (token !== undefined) found.push(tokenAuthenticator(token));
  const user = context.secret('user');
  if (user !== undefined) found.push(usernamePasswordAuthenticator(user, context.secret('password') ?? ''));
  const creds = context.file('creds');
  if (typeof creds === 'string') found.push(readCredsAtConnect(creds));
  else if (creds !== undefined) found.push(credsAuthenticator(creds));
  const nkey = context.content('nkey');
  if (nkey !== undefined) found.push(nkeyAuthenticator(Buffer.from(nkey.trim())));
  const jwt = context.secret('user_jwt');
  if (jwt !== undefined) found.push(jwtAuthenticator(jwt, Buffer.from(context.secret('user_seed') ?? '')));
  return found;
}

function readTls(context: ContextFile): TlsOptions | undefined {
  const tls: TlsOptions = {};
  const cert = context.content('cert');
  const key = context.content('key');
  const ca = context.content('ca');
  if (cert !== undefined) tls.cert = cert;
  if (key !== undefined) tls.key = key;
  if (ca !== undefined) tls.ca = ca;
  if (context.flag('tls_first')) tls.handshakeFirst = true;
  return Object.keys(tls).length === 0 ? undefined : tls;
}

/** One context, with errors that name file and key, and never a value. */
class ContextFile {
  constructor(
    private readonly path: string,
    private readonly context: Context,
  ) {}

  /** An empty text means unset, as with the CLI. */
  text(key: Key | (typeof UNSUPPORTED_KEYS)[number]): string | undefined {
    const value = this.context[key];
    if (value === undefined || value === null || value === '') return undefined;
    if (typeof value !== 'string') throw this.#refuseKey(key, 'must be text');
    return value;
  }

  flag(key: string): boolean {
    return this.context[key] === true;
  }

  refuse(key: (typeof UNSUPPORTED_KEYS)[number]): void {
    if (this.text(key) !== undefined) throw this.#refuseKey(key, 'is not supported here');
  }

  /** The value, or what its reference refers to. */
  secret(key: Key): string | undefined {
    const value = this.text(key);
    return value === undefined ? undefined : (this.#dereference(key, value) ?? value);
  }

  /** A path (a string), or the bytes that a reference gave. */
  file(key: Key): string | Uint8Array | undefined {
    const value = this.text(key);
    if (value === undefined) return undefined;
    if (value.startsWith('file://')) return expandPath(value.slice('file://'.length));
    const content = this.#dereference(key, value);
    return content === undefined ? expandPath(value) : Buffer.from(content);
  }

  content(key: Key): string | undefined {
    const found = this.file(key);
    if (found === undefined) return undefined;
    return typeof found === 'string' ? this.#read(key, found) : Buffer.from(found).toString('utf8');
  }

  #dereference(key: Key, value: string): string | undefined {
    const scheme = /^([a-z]+):(\/\/)?/.exec(value);
    if (scheme === null) return undefined;
    const rest = value.slice(scheme[0].length);
    if (scheme[0] === 'file://') return this.#read(key, expandPath(rest)).trim();
    if (scheme[0] === 'env://') {
      const content = process.env[rest];
      if (content === undefined || content === '') throw this.#refuseKey(key, `refers to ${rest}, which is not set`);
      return content;
    }
    if (scheme[0] === 'data:') return decodeData(rest);
    if (scheme[0] === 'op://' || scheme[0] === 'nsc://') throw this.#refuseKey(key, `is a ${scheme[0]} reference`);
    return undefined;
  }

  #read(key: Key, path: string): string {
    try {
      return readFileSync(path, 'utf8');
    } catch (cause) {
      throw this.#refuseKey(key, `refers to ${path}, which cannot be read`, cause);
    }
  }

  #refuseKey(key: string, reason: string, cause?: unknown): MeshError {
    const cure =
      reason.startsWith('is a ') || reason.endsWith('here') ? 'Use a file, env:// or data: instead.' : undefined;
    return new MeshError('MESH_NATS_CONTEXT_INVALID', `'${key}' in ${this.path} ${reason}.`, { cause, cure });
  }
}

function decodeData(rest: string): string {
  const comma = rest.indexOf(',');
  const body = rest.slice(comma + 1);
  return rest.slice(0, Math.max(comma, 0)).endsWith(';base64')
    ? Buffer.from(body, 'base64').toString('utf8')
    : decodeURIComponent(body);
}

function expandPath(path: string): string {
  const expanded = path
    .replace(/^~(?=\/|$)/, homedir())
    .replace(/\$(?:\{(\w+)\}|(\w+))/g, (_, braced?: string, bare?: string) => process.env[braced ?? bare!] ?? '');
  return isAbsolute(expanded) ? expanded : join(process.cwd(), expanded);
}
