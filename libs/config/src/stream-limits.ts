import type { MeshConfig } from './mesh-config.js';

export interface StreamLimits {
  replicas?: number;
  maxAgeMs?: number;
  maxBytes?: number;
}

/** `streams:` in the form that `ensureStreams` of @crm-mesh/jetstream takes. */
export function listStreamLimits({
  streams,
}: Pick<MeshConfig, 'streams'>): Record<keyof MeshConfig['streams'], StreamLimits> {
  const entries = Object.entries(streams).map(([name, stream]) => {
    const { replicas, maxAge, maxBytes } = stream as MeshConfig['streams']['CRM_RAW'];
    return [name, { replicas, maxAgeMs: maxAge, maxBytes }];
  });
  return Object.fromEntries(entries) as Record<keyof MeshConfig['streams'], StreamLimits>;
}
