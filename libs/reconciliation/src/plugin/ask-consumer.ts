import { setTimeout as pauseFor } from 'node:timers/promises';
import {
  MESH_ERRORS,
  MeshError,
  reconcileSubject,
  type MeshErrorCode,
  type ReconcileAnswer,
  type ReconcileFailure,
  type ReconcileQuestion,
} from '@crm-mesh/contract';
import type { Nats } from '@crm-mesh/jetstream';

/** Asks one consumer what lies downstream. */
export type AskConsumer = <Q extends ReconcileQuestion>(question: Q) => Promise<ReconcileAnswer<Q>>;

/** A plugin has 25 s. */
const TIMEOUT_MS = 30_000;
/** Who has answered before may just be replaced by a newer version, or start again. */
const PATIENCE_MS = 15_000;
const PAUSE_MS = 500;

/**
 * Questions go to `mesh.reconcile.<consumer>`. Rejects with MESH_NATS_NO_ANSWER where nobody answers, and with
 * MESH_RECONCILE_FAILED or the consumer's own code for a failure.
 */
export function askConsumer(nats: Nats, consumer: string): AskConsumer {
  const subject = reconcileSubject(consumer);
  let lastAnswerMs = Number.NEGATIVE_INFINITY;
  return async <Q extends ReconcileQuestion>(question: Q) => {
    for (;;) {
      try {
        const data = await nats.request(subject, JSON.stringify(question), { timeoutMs: TIMEOUT_MS });
        lastAnswerMs = performance.now();
        return readAnswer(consumer, question, data) as ReconcileAnswer<Q>;
      } catch (error) {
        const isAway = error instanceof MeshError && error.code === 'MESH_NATS_NO_ANSWER';
        if (!isAway || performance.now() - lastAnswerMs > PATIENCE_MS)
          throw isAway ? describeAway(consumer, error) : error;
        await pauseFor(PAUSE_MS);
      }
    }
  };
}

function describeAway(consumer: string, cause: MeshError): MeshError {
  return new MeshError('MESH_NATS_NO_ANSWER', `"${consumer}" does not say what it holds: ${cause.what}`, {
    cause,
    cure: 'Start the plugin (`mesh plugin list`); one without `reconcile` cannot be compared: see docs/reconciliation.md.',
  });
}

function readAnswer(consumer: string, { ask }: ReconcileQuestion, data: Uint8Array): object {
  let answer: Partial<ReconcileAnswer & ReconcileFailure> | null;
  try {
    answer = JSON.parse(Buffer.from(data).toString()) as typeof answer;
  } catch (cause) {
    throw new MeshError('MESH_RECONCILE_INVALID', `The answer of "${consumer}" is no JSON.`, { cause });
  }
  if (answer?.error) throw readFailure(consumer, answer.error);
  const isFit = { holdings: 'entities', digests: 'digests', page: 'packed' }[ask] in (answer ?? {});
  if (isFit) return answer!;
  throw new MeshError('MESH_RECONCILE_INVALID', `The answer of "${consumer}" is none to "${ask}".`);
}

function readFailure(consumer: string, { code, message, cure }: ReconcileFailure['error']): MeshError {
  const isOurs = typeof code === 'string' && code in MESH_ERRORS;
  const what = isOurs ? message : `"${consumer}" could not answer: ${code}: ${message}`;
  return new MeshError(isOurs ? (code as MeshErrorCode) : 'MESH_RECONCILE_FAILED', what, cure ? { cure } : {});
}
