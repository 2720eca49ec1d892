import { isObject } from '../../kit/read-value.js';
import type { Verification, VerificationFailure, WebhookRequest } from '../../source/webhook.js';
import { check } from './expect-contract.js';
import type { ContextPart, SourceBench } from './source-bench.js';
import type { SignatureSample, SourceCheck } from './source-samples.js';

const FAILURES: Readonly<Record<VerificationFailure, true>> = {
  'signature-missing': true,
  'signature-malformed': true,
  'signature-mismatch': true,
  'timestamp-missing': true,
  'timestamp-malformed': true,
  'timestamp-out-of-window': true,
  'scheme-not-allowed': true,
  'credentials-missing': true,
  'credentials-mismatch': true,
  'origin-not-allowed': true,
};
const DAY_MS = 86_400_000;
/** As many places of the body get a flipped bit. */
const FLIPS = 64;
/** Shorter texts of a configuration are words, and no secrets. */
const SECRET_LENGTH = 12;
const GARBLED = [
  '',
  ' ',
  'x',
  'v1,v1=',
  '0',
  '-1',
  '1e12',
  'NaN',
  '\u0000',
  'é',
  '{}',
  '=',
  'a, a',
  'x'.repeat(10_000),
];

export function listVerifyChecks(bench: SourceBench): SourceCheck[] {
  const { source, samples } = bench;
  if (!source.verify) return [];
  const { signatures = [], proves = { body: true, time: true } } = samples;
  const accepted = signatures.filter((sample) => sample.expect === 'accept');
  const each = (name: string, run: (sample: SignatureSample) => Promise<void>): SourceCheck => ({
    name: `verify: ${name}`,
    run: async () => {
      check(accepted.length > 0, 'samples.signatures holds no request that is accepted: nothing can be said');
      for (const sample of accepted) await run(sample);
    },
  });
  return [
    ...signatures.map((sample) => ({
      name: `verify: ${sample.expect}s ${sample.name}`,
      run: () => expectDecision(bench, sample),
    })),
    proves.by === 'body'
      ? each('refuses a request without its body', (sample) => refuseEmpty(bench, sample))
      : each('refuses a request without its headers and its address', (sample) => refuseBare(bench, sample)),
    each('decides on any header that is left out or garbled, and never throws', (sample) => garble(bench, sample)),
    ...(proves.body ? [each('refuses every flipped bit of the body', (sample) => flipBits(bench, sample))] : []),
    ...(proves.time ? [each('refuses a request of another day', (sample) => moveClock(bench, sample))] : []),
  ];
}

async function expectDecision(bench: SourceBench, sample: SignatureSample): Promise<void> {
  const decision = await decide(bench, sample);
  const told = decision.ok ? 'is accepted' : `is refused (${decision.code}: ${decision.reason})`;
  check(decision.ok === (sample.expect === 'accept'), `${sample.name} ${told}`);
}

async function refuseBare(bench: SourceBench, sample: SignatureSample): Promise<void> {
  const type = sample.request.headers?.['content-type'];
  const headers = type === undefined ? {} : { 'content-type': type };
  const { ok } = await decide(bench, sample, { headers, url: '/' });
  check(!ok, `${sample.name}: with no header and another address it is still accepted`);
}

async function refuseEmpty(bench: SourceBench, sample: SignatureSample): Promise<void> {
  const { ok } = await decide(bench, sample, { body: Buffer.alloc(0) });
  check(!ok, `${sample.name}: without its body it is still accepted`);
}

async function garble(bench: SourceBench, sample: SignatureSample): Promise<void> {
  const { headers = {} } = sample.request;
  const names = Object.keys(headers);
  const { [names[0] ?? '']: _first, ...others } = headers;
  await decide(bench, sample, { headers: others });
  for (const name of names) {
    await decide(bench, sample, { headers: { ...headers, [name]: undefined } });
    for (const value of GARBLED) await decide(bench, sample, { headers: { ...headers, [name]: value } });
  }
  for (const url of ['', '/', '/?', '/%', '/%00?a=%ff&a=1', `/${'a'.repeat(10_000)}`])
    await decide(bench, sample, { url });
  await decide(bench, sample, { body: Buffer.alloc(0) });
}

async function flipBits(bench: SourceBench, sample: SignatureSample): Promise<void> {
  const body = Buffer.from(sample.request.body);
  const step = Math.max(1, Math.floor(body.length / FLIPS));
  for (let at = 0; at < body.length; at += step) {
    const flipped = Buffer.from(body);
    flipped[at]! ^= 1;
    const { ok } = await decide(bench, sample, { body: flipped });
    check(!ok, `${sample.name}: with a flipped bit in byte ${at} of its body it is still accepted`);
  }
}

async function moveClock(bench: SourceBench, sample: SignatureSample): Promise<void> {
  const nowMs = sample.nowMs ?? bench.samples.nowMs;
  for (const [what, clock] of [
    ['a day later', nowMs + DAY_MS],
    ['a day before it was sent', nowMs - DAY_MS],
  ] as const) {
    const { ok } = await decide(bench, { ...sample, nowMs: clock });
    check(!ok, `${sample.name}: ${what} it is still accepted, so a recorded request could be sent again`);
  }
}

async function decide(
  bench: SourceBench,
  sample: SignatureSample,
  part: Partial<WebhookRequest> = {},
): Promise<Verification> {
  const given: ContextPart = { nowMs: sample.nowMs, publicUrl: sample.publicUrl, config: sample.config };
  const context = await bench.openContext(given);
  const request = { ...bench.toRequest(sample.request), ...part };
  let decision: Verification;
  try {
    decision = bench.source.verify!(request, context);
  } catch (error) {
    throw new Error(`${sample.name}: verify throws ${String(error)}`, { cause: error });
  }
  // The name of a header is told to whoever looks for it.
  const names = Object.keys(sample.request.headers ?? {});
  expectVerification(
    decision,
    listSecrets(context.config).filter((text) => !names.includes(text)),
  );
  return decision;
}

function expectVerification(decision: Verification, secrets: readonly string[]): void {
  check(isObject(decision) && 'ok' in decision, 'verify gives no object (a Promise?)');
  if (decision.ok) {
    check(typeof decision.scheme === 'string' && decision.scheme !== '', 'verify gives no scheme');
    return;
  }
  const { code, reason } = decision;
  check(code in FAILURES, `verify gives the code "${code}", which is not known`);
  check(typeof reason === 'string' && reason !== '', `verify gives no reason for ${code}`);
  check(
    !secrets.some((secret) => reason.includes(secret)),
    `the reason of ${code} repeats a secret of the configuration`,
  );
}

function listSecrets(config: unknown): string[] {
  if (typeof config === 'string') return config.length >= SECRET_LENGTH ? [config] : [];
  return typeof config === 'object' && config !== null ? Object.values(config).flatMap(listSecrets) : [];
}
