import type { SourceContext, Source, WebhookRequest } from '@crm-mesh/sdk';
import { parse, stringify } from 'lossless-json';

/** All that decides whether a request is accepted. */
export interface Attempt {
  request: WebhookRequest;
  publicUrl: string;
  config: unknown;
  nowMs: number;
}

/** One thing that may have gone wrong, and the request as it would be without it. */
export interface Suspicion {
  kind: 'url' | 'body' | 'config';
  name: string;
  why: string;
  cure: string;
  undo: (attempt: Attempt) => Attempt;
}

/** What happens to URLs between a CRM and a server: another scheme, host, port, path, slash or query. */
export function suspectUrl({ request, publicUrl }: Attempt, recordedUrl: string | undefined): Suspicion[] {
  const urls = listUrls({ request, publicUrl }, recordedUrl);
  const hasQuery = request.url.includes('?');
  return [...urls].flatMap((url) => [
    ...(url === publicUrl ? [] : [suspicionOfUrl(url, publicUrl)]),
    ...(hasQuery ? [withoutQuery(suspicionOfUrl(url, publicUrl))] : []),
  ]);
}

function listUrls(
  { request, publicUrl }: Pick<Attempt, 'request' | 'publicUrl'>,
  recordedUrl: string | undefined,
): Set<string> {
  const known = URL.canParse(publicUrl) ? new URL(publicUrl) : undefined;
  const hosts = [
    known?.host,
    known?.hostname,
    request.headers['x-forwarded-host'],
    request.headers.host,
    request.headers[':authority'],
  ];
  const paths = [
    known?.pathname,
    request.url.replace(/\?.*$/s, ''),
    request.headers['x-forwarded-uri']?.replace(/\?.*$/s, ''),
  ];
  const urls = new Set<string>(recordedUrl === undefined ? [] : [recordedUrl]);
  for (const host of new Set(hosts.filter((name) => name !== undefined))) {
    for (const path of new Set(paths.filter((name) => name !== undefined))) {
      for (const scheme of ['https', 'http']) {
        const bare = path.replace(/\/+$/, '');
        urls.add(`${scheme}://${host}${bare}`).add(`${scheme}://${host}${bare}/`);
      }
    }
  }
  return urls;
}

function suspicionOfUrl(url: string, publicUrl: string): Suspicion {
  return {
    kind: 'url',
    name: `the URL ${url}`,
    why: `The request was signed for ${url}, but this connection takes its public URL to be ${publicUrl}.`,
    cure: `Set the public URL in mesh.yaml so that this connection’s is ${url}, or change the URL in the CRM.`,
    undo: (attempt) => ({ ...attempt, publicUrl: url }),
  };
}

function withoutQuery(suspicion: Suspicion): Suspicion {
  return {
    ...suspicion,
    name: `${suspicion.name} without its query`,
    why: `${suspicion.why} The query was not part of what was signed: something on the way added it.`,
    cure: `${suspicion.cure} Let no proxy add a query.`,
    undo: (attempt) => {
      const bare = suspicion.undo(attempt);
      return { ...bare, request: { ...bare.request, url: bare.request.url.replace(/\?.*$/s, '') } };
    },
  };
}

type Rewrite = (text: string) => string | undefined;

/** Undoes what proxies, editors and recorders do to bodies. Texts are latin1, one character a byte. */
const REWRITES: readonly { name: string; why: string; rewrite: Rewrite }[] = [
  {
    name: 'the body without its last line end',
    why: 'A line end was added at the end of the body.',
    rewrite: (text) => text.replace(/\r?\n$/, ''),
  },
  {
    name: 'the body with a line end',
    why: 'The line end at the end of the body was lost.',
    rewrite: (text) => `${text}\n`,
  },
  {
    name: 'the body with LF',
    why: 'Line ends in the body were changed from LF to CRLF.',
    rewrite: (text) => text.replaceAll('\r\n', '\n'),
  },
  {
    name: 'the body with CRLF',
    why: 'Line ends in the body were changed from CRLF to LF.',
    rewrite: (text) => text.replaceAll(/\r?\n/g, '\r\n'),
  },
  {
    name: 'the body without a byte order mark',
    why: 'A byte order mark was put before the body.',
    rewrite: (text) => text.replace(/^\u00ef\u00bb\u00bf/, ''),
  },
  {
    name: 'the body with a byte order mark',
    why: 'The byte order mark before the body was lost.',
    rewrite: (text) => `\u00ef\u00bb\u00bf${text}`,
  },
  {
    name: 'the body as compact JSON',
    why: 'The JSON of the body was parsed and written anew.',
    rewrite: (text) => rewriteJson(text),
  },
  {
    name: 'the body as indented JSON',
    why: 'The JSON of the body was parsed and written anew.',
    rewrite: (text) => rewriteJson(text, 2),
  },
  {
    name: 'the body with escaped characters',
    why: 'Escapes such as \\u00df in the body were replaced by the characters.',
    rewrite: escapeCharacters,
  },
  {
    name: 'the body decoded once',
    why: 'The body was taken for Latin-1 and encoded as UTF-8 a second time.',
    rewrite: (text) => Buffer.from(text, 'latin1').toString('utf8'),
  },
];

export function suspectBody({ request }: Attempt): Suspicion[] {
  const text = Buffer.from(request.body).toString('latin1');
  return REWRITES.flatMap(({ name, why, rewrite }) => {
    const rewritten = rewrite(text);
    if (rewritten === undefined || rewritten === text) return [];
    const body = Buffer.from(rewritten, 'latin1');
    return [
      {
        kind: 'body' as const,
        name,
        why,
        cure: 'The signature covers every byte: keep the body as it comes, in the proxy (no body transformation) and in the recording.',
        undo: (attempt: Attempt) => ({ ...attempt, request: { ...attempt.request, body } }),
      },
    ];
  });
}

/** Big numbers keep their digits. */
function rewriteJson(latin1: string, indent?: number): string | undefined {
  try {
    const text = stringify(parse(Buffer.from(latin1, 'latin1').toString('utf8')), undefined, indent);
    return text === undefined ? undefined : Buffer.from(text).toString('latin1');
  } catch {
    return undefined;
  }
}

function escapeCharacters(latin1: string): string {
  const text = Buffer.from(latin1, 'latin1').toString('utf8');
  return text.replaceAll(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** What the source itself knows to be mistaken for each other. */
export function suspectConfig(source: Source, context: SourceContext): Suspicion[] {
  return (source.hypotheses?.(context) ?? []).map(({ name, config, why, cure }) => ({
    kind: 'config',
    name,
    why,
    cure,
    undo: (attempt) => ({ ...attempt, config: Object.assign({}, attempt.config as object, config) }),
  }));
}
