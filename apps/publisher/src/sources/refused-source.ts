import { MeshError } from '@crm-mesh/contract';
import { defineSource, Unavailable, type Source } from '@crm-mesh/sdk';

/** How long a record waits before it is looked at whether the file was mended, in milliseconds. */
const RETRY_MS = 5_000;

/**
 * Stands in for a source whose file is refused: its connections answer 503, so that the CRM sends again, and what was
 * stored before waits. The sender is not told what is wrong; the log is.
 */
export function makeRefusedSource(name: string): Source {
  const refuse = (): never => {
    throw new MeshError('MESH_SOURCE_INVALID', 'The source of this connection cannot be loaded.', {
      cure: 'Send it again later.',
    });
  };
  return defineSource<unknown>({
    name,
    config: { '~standard': { version: 1, vendor: 'crm-mesh', validate: (value) => ({ value }) } },
    mediaTypes: ['*'],
    verify: refuse,
    handshake: refuse,
    split: refuse,
    map: () => {
      throw new Unavailable(`The source "${name}" cannot be loaded.`, { retryAfterMs: RETRY_MS });
    },
  });
}
