import { MeshError, reconcileSubject } from '@crm-mesh/contract';
import { serveSubject, type Nats, type Service } from '@crm-mesh/jetstream';
import type { PluginToRun } from './describe-consumer.js';

/** Plugins' versions are hashes of their files; a service's is a semantic one. */
const SERVICE_VERSION = '1.0.0';

/** The plugin answers what a reconciliation asks. Undefined where it has no `reconcile`. */
export async function serveReconcile({ code, version, log }: PluginToRun, nats: Nats): Promise<Service | undefined> {
  const { name, hasReconcile } = code.summary;
  if (!hasReconcile || !code.answer) return undefined;
  const facts = {
    name: `mesh-reconcile-${name}`,
    version: SERVICE_VERSION,
    description: `What the plugin ${name} holds downstream`,
    metadata: { plugin: name, 'plugin.version': version },
  };
  return serveSubject(nats, reconcileSubject(name), facts, async (question) => {
    try {
      return await code.answer!(question);
    } catch (error) {
      const failure = error instanceof MeshError ? error : describe(name, error);
      log.warn({ code: failure.code, reason: failure.what }, 'a question of a reconciliation could not be answered');
      throw failure;
    }
  });
}

/** Its worker ended, or starts again. */
function describe(name: string, error: unknown): MeshError {
  const reason = error instanceof Error ? error.message : String(error);
  return new MeshError('MESH_RECONCILE_FAILED', `"${name}" could not answer: ${reason}.`, { cause: error });
}
