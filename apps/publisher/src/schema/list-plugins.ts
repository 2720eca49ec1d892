import { requestControl, type Nats } from '@crm-mesh/jetstream';
import type { Reader } from './find-readers.js';

const HOST_TIMEOUT_MS = 2_000;

/** The plugins of whichever host answers. Without a host nobody can be named; what there is to tell is told all the same. */
export async function listPlugins(nats: Nats): Promise<Reader[]> {
  const status = await requestControl<{ plugins: Reader[] }>(nats, 'host', 'status', undefined, {
    timeoutMs: HOST_TIMEOUT_MS,
  }).catch(() => undefined);
  return status?.plugins ?? [];
}
