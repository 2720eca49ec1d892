import { MeshError } from '@crm-mesh/contract';
import type { Log, Source, SourceContext, Verification, VerificationFailure } from '@crm-mesh/sdk';
import { readMediaType } from '@crm-mesh/sdk/kit';
import { NO_API } from '../kit/api/no-api.js';
import type { RecordedRequest } from './recorded-request.js';
import { suspectBody, suspectConfig, suspectUrl, type Attempt, type Suspicion } from './suspicions.js';

export interface ExplainInput {
  source: Source;
  request: RecordedRequest;
  /** The connection's configuration, secrets resolved. */
  config: unknown;
  /** The URL that the CRM was told, without a query. */
  publicUrl: string;
  /** Epoch milliseconds: when the request came in, or now. */
  nowMs: number;
}

export interface RequestExplanation {
  accepted: boolean;
  /** What proved it, e.g. `hubspot-v3`. */
  scheme?: string;
  /** How many notifications an accepted request yields. */
  notifications?: number;
  code?: VerificationFailure | 'body-unreadable' | 'media-type-unsupported';
  why: string;
  cure: string;
  /** What was tried, one at a time and in pairs; `fits` tells which of them makes the request acceptable. */
  tried: { name: string; fits: boolean }[];
}

const CURES: Record<VerificationFailure, string> = {
  'signature-missing': 'Look whether a proxy drops the header, and whether the CRM is set to sign its webhooks.',
  'signature-malformed': 'Look at the header as the CRM sends it: a proxy may have changed or doubled it.',
  'signature-mismatch':
    'Compare the secret with the one that the CRM shows, for this app and account. If it is right, the body or URL was changed in a way that is not among those tried.',
  'timestamp-missing': 'Look whether a proxy drops the header.',
  'timestamp-malformed': 'Look at the header as the CRM sends it: a proxy may have changed or doubled it.',
  'timestamp-out-of-window':
    'Set both clocks right (NTP). A request that is only recorded needs `receivedAt` in its record.',
  'scheme-not-allowed':
    'Allow the version in the configuration of this connection, or let the CRM sign with one that is allowed.',
  'credentials-missing': 'Let the sender show its token as `Authorization: Bearer <token>`.',
  'credentials-mismatch': 'Compare the token with the one that the sender has.',
  'origin-not-allowed': 'Add the sender’s origin to `allowedOrigins` of this connection.',
};

const SILENT: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** Says why a recorded request is refused, by trying what usually goes wrong. No secret and no body is in the answer. */
export function explainRequest(input: ExplainInput): RequestExplanation {
  const { source, request, config, publicUrl, nowMs } = input;
  const attempt: Attempt = { request, publicUrl, config, nowMs };
  const verdict = judge(source, attempt);
  if (verdict.ok) return explainBody(source, attempt, verdict.scheme);
  const clock = suspectClock(source, attempt, verdict);
  const suspicions = [
    ...suspectUrl(attempt, request.recordedUrl),
    ...suspectBody(attempt),
    ...suspectConfig(source, contextOf(attempt)),
  ];
  // With the clock out of the way, what remains wrong can be found.
  const found = clock?.fits ? [] : findSuspicions(source, clock?.attempt ?? attempt, suspicions);
  return wordRefusal({ verdict, clock, found, suspicions });
}

function judge(source: Source, attempt: Attempt): Verification {
  return source.verify?.(attempt.request, contextOf(attempt)) ?? { ok: true, scheme: 'none' };
}

function contextOf({ config, publicUrl, nowMs }: Attempt): SourceContext {
  return { tenant: '', connection: '', config, publicUrl, now: () => nowMs, log: SILENT, urgency: 'live', api: NO_API };
}

function explainBody(source: Source, attempt: Attempt, scheme: string): RequestExplanation {
  const mediaType = readMediaType(attempt.request.headers['content-type']);
  const read = source.mediaTypes ?? ['application/json'];
  const proved = { scheme, tried: [] };
  if (!read.includes('*') && !read.includes(mediaType)) {
    const why = `The request is proved, but its content type (${mediaType || 'none'}) is not read.`;
    return {
      accepted: false,
      code: 'media-type-unsupported',
      ...proved,
      why,
      cure: `Let the sender use ${read.join(' or ')}.`,
    };
  }
  try {
    const notifications = source.split?.(attempt.request, contextOf(attempt)).length ?? 0;
    return {
      accepted: true,
      ...proved,
      notifications,
      why: `The request is accepted (${scheme}).`,
      cure: 'Nothing to mend.',
    };
  } catch (error) {
    if (!(error instanceof MeshError)) throw error;
    const why = `The request is proved, but ${error.what}`;
    const code = error.code === 'MESH_MEDIA_TYPE_UNSUPPORTED' ? 'media-type-unsupported' : 'body-unreadable';
    return { accepted: false, code, ...proved, why, cure: error.cure };
  }
}

interface ClockFinding {
  /** The attempt at the time that the request says. */
  attempt: Attempt;
  /** Whether nothing but the clock was wrong. */
  fits: boolean;
  why: string;
  cure: string;
}

/** Judges the request at the time that it says itself, read as milliseconds and as seconds. */
function suspectClock(source: Source, attempt: Attempt, verdict: Verification): ClockFinding | undefined {
  if (verdict.ok || verdict.code !== 'timestamp-out-of-window') return undefined;
  const [, text = ''] =
    Object.entries(attempt.request.headers).find(
      ([name, value]) => name.includes('timestamp') && /^\d{1,16}$/.test(value ?? ''),
    ) ?? [];
  for (const [unit, otherUnit, factor] of [
    ['milliseconds', 'seconds', 1],
    ['seconds', 'milliseconds', 1000],
  ] as const) {
    const moved = { ...attempt, nowMs: Number(text) * factor };
    const then = judge(source, moved);
    if (!then.ok && then.code === 'timestamp-out-of-window') continue;
    return {
      attempt: moved,
      fits: then.ok,
      ...wordClock({ saidMs: moved.nowMs, nowMs: attempt.nowMs, unit, otherUnit, reason: verdict.reason }),
    };
  }
  return undefined;
}

interface ClockWords {
  saidMs: number;
  nowMs: number;
  unit: 'milliseconds' | 'seconds';
  otherUnit: 'milliseconds' | 'seconds';
  reason: string;
}

function wordClock({ saidMs, nowMs, unit, otherUnit, reason }: ClockWords): { why: string; cure: string } {
  const inOtherUnitMs = otherUnit === 'seconds' ? saidMs * 1000 : saidMs / 1000;
  if (Math.abs(inOtherUnitMs - nowMs) < 86_400_000) {
    return {
      why: `The timestamp counts ${otherUnit} where ${unit} are expected.`,
      cure: `Let the sender write the timestamp in ${unit}.`,
    };
  }
  const said = Number.isNaN(new Date(saidMs).getTime()) ? 'no time at all' : new Date(saidMs).toISOString();
  return {
    why: `${reason} It says ${said}; our clock says ${new Date(nowMs).toISOString()}.`,
    cure: CURES['timestamp-out-of-window'],
  };
}

/** One suspicion that explains all, else two of different kinds that do together. */
function findSuspicions(source: Source, attempt: Attempt, suspicions: readonly Suspicion[]): Suspicion[] {
  const single = suspicions.find(({ undo }) => judge(source, undo(attempt)).ok);
  if (single) return [single];
  for (const [index, first] of suspicions.entries()) {
    for (const second of suspicions.slice(index + 1)) {
      if (first.kind !== second.kind && judge(source, second.undo(first.undo(attempt))).ok) return [first, second];
    }
  }
  return [];
}

interface Refusal {
  verdict: Extract<Verification, { ok: false }>;
  clock: ClockFinding | undefined;
  found: readonly Suspicion[];
  suspicions: readonly Suspicion[];
}

function wordRefusal({ verdict, clock, found, suspicions }: Refusal): RequestExplanation {
  const reasons = [...(clock ? [clock] : []), ...found];
  const unexplained = found.length === 0 && !clock?.fits;
  const rest = {
    why: clock ? 'Nor does the signature fit, at whatever time.' : verdict.reason,
    cure: CURES[clock ? 'signature-mismatch' : verdict.code],
  };
  const all = unexplained ? [...reasons, rest] : reasons;
  const tried = clock?.fits
    ? []
    : suspicions.map((suspicion) => ({ name: suspicion.name, fits: found.includes(suspicion) }));
  return {
    accepted: false,
    code: verdict.code,
    why: all.map(({ why }) => why).join(' '),
    cure: [...new Set(all.map(({ cure }) => cure))].join(' '),
    tried: [...(clock ? [{ name: 'the time that the request says', fits: clock.fits }] : []), ...tried],
  };
}
