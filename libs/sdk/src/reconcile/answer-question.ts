import { MeshError, type ReconcileAnswer, type ReconcileQuestion } from '@crm-mesh/contract';
import type { Plugin } from '../plugin.js';
import { unlessAborted } from '../sink/hold-transaction.js';
import type { PluginReconcile, ReconcileContext } from './plugin-reconcile.js';
import { checkDigests, cutPage, readPage } from './check-answer.js';
import { readQuestion } from './read-question.js';

/**
 * Asks a plugin what lies downstream, in the thread where it lives. Throws MESH_RECONCILE_INVALID for what is no question or
 * no answer, and MESH_RECONCILE_FAILED where the plugin fails, or takes longer than the signal lets it.
 */
export async function answerQuestion<C>(
  { name, events, reconcile }: Pick<Plugin<never, C>, 'name' | 'reconcile'> & { events: readonly string[] },
  input: unknown,
  context: ReconcileContext<C>,
): Promise<ReconcileAnswer> {
  if (!reconcile) throw new MeshError('MESH_RECONCILE_INVALID', `The plugin "${name}" has no reconcile.`);
  const question = readQuestion(input);
  refuseStranger(name, reconcile, question);
  try {
    return await unlessAborted(answer(reconcile, question, { events, context }), context.signal);
  } catch (error) {
    if (error instanceof MeshError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new MeshError('MESH_RECONCILE_FAILED', `"${name}" could not answer: ${reason}.`, { cause: error });
  }
}

async function answer<C>(
  reconcile: PluginReconcile<C>,
  question: ReconcileQuestion,
  { events, context }: { events: readonly string[]; context: ReconcileContext<C> },
): Promise<ReconcileAnswer> {
  const { entities, marks, fields } = reconcile;
  if (question.ask === 'page') return cutPage(readPage(await reconcile.page(question, context)));
  if (question.ask === 'digests') return checkDigests(await reconcile.digests!(question, context), question);
  const compared = marks === 'fields' ? { fields: fields! } : {};
  return { entities, marks, ...compared, events, digests: reconcile.digests !== undefined };
}

function refuseStranger(
  name: string,
  { entities, digests }: PluginReconcile<never>,
  question: ReconcileQuestion,
): void {
  if (question.ask === 'holdings') return;
  if (!entities.includes(question.entity))
    throw new MeshError('MESH_RECONCILE_INVALID', `"${name}" holds no ${question.entity}.`);
  if (question.ask === 'digests' && !digests)
    throw new MeshError('MESH_RECONCILE_INVALID', `"${name}" knows no digests; ask it for pages.`);
}
