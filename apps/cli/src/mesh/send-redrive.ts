import type { RedriveRequest, RedriveResult } from '@crm-mesh/delivery';
import { readPayload } from '@crm-mesh/delivery/letters';
import type { LoadedPatch } from '@crm-mesh/drop-ins';
import { requestControl, type Nats } from '@crm-mesh/jetstream';
import { ownerOf } from './control.js';
import { readDeadLetter } from './dead-letters.js';
import { Pace } from './pace.js';
import { patchLetter } from './patch-letter.js';
import type { RedriveStep } from './plan-redrive.js';

const TIMEOUT_MS = 30_000;
/** Of a request's payloads, as a part of what the server takes: the rest is for what surrounds and escapes them. */
const PAYLOAD_SHARE = 0.5;

export interface RedriveReport extends Required<RedriveResult> {
  /** The patch gave nothing back: they are as they were. */
  left: number[];
  /** What the patch made of them may not be redriven: they are as they were. */
  refused: { sequence: number; reason: string }[];
}

export interface RedriveOrder {
  by: string;
  again?: boolean;
  patch?: LoadedPatch;
  perSecond: number;
  /** After each request. */
  onProgress(report: RedriveReport, consumer: string): void;
}

/** Asks the owners step by step; what was done before an error stays done, and a second run goes on from there. */
export async function sendRedrive(
  nats: Nats,
  steps: readonly RedriveStep[],
  order: RedriveOrder,
): Promise<RedriveReport> {
  const report: RedriveReport = { redriven: [], superseded: [], missing: [], left: [], refused: [] };
  const pace = new Pace(order.perSecond);
  const { by, again } = order;
  for (const { consumer, sequences } of steps) {
    await pace.admit(sequences.length);
    const parts = order.patch ? await patchAll(nats, sequences, order.patch, report) : [{ sequences }];
    for (const part of parts) {
      const request: RedriveRequest = { consumer, by, again, ...part };
      const options = { timeoutMs: TIMEOUT_MS };
      const answer = await requestControl<RedriveResult>(nats, ownerOf(consumer), 'redrive', request, options);
      report.redriven.push(...answer.redriven);
      report.superseded.push(...(answer.superseded ?? []));
      report.missing.push(...answer.missing);
    }
    order.onProgress(report, consumer);
  }
  return report;
}

type Part = Pick<RedriveRequest, 'sequences' | 'patch'>;

/** What a step's letters become, in as many requests as the server's `max_payload` asks for. */
// oxlint-disable-next-line max-params -- from where, which ones, with what, and where to note the rest
async function patchAll(
  nats: Nats,
  sequences: readonly number[],
  patch: LoadedPatch,
  report: RedriveReport,
): Promise<Part[]> {
  const parts: (Part & { bytes: number })[] = [];
  for (const sequence of sequences) {
    const letter = await readDeadLetter(nats, sequence);
    const outcome = letter && (await patchLetter(letter, await readPayload(nats, letter), patch));
    if (outcome === undefined) report.missing.push(sequence);
    else if (outcome.kind === 'left') report.left.push(sequence);
    else if (outcome.kind === 'refused') report.refused.push({ sequence, reason: outcome.reason });
    else addTo(parts, { sequence, payload: outcome.payload, hash: patch.hash }, nats.maxPayloadBytes * PAYLOAD_SHARE);
  }
  return parts.map(({ bytes: _bytes, ...part }) => part);
}

function addTo(
  parts: (Part & { bytes: number })[],
  { sequence, payload, hash }: { sequence: number; payload: string; hash: string },
  mostBytes: number,
): void {
  const bytes = Buffer.byteLength(payload);
  const last = parts.at(-1);
  const part =
    last && last.bytes + bytes <= mostBytes ? last : { sequences: [], patch: { hash, payloads: {} }, bytes: 0 };
  if (part !== last) parts.push(part);
  part.sequences.push(sequence);
  part.patch!.payloads[sequence] = payload;
  part.bytes += bytes;
}
