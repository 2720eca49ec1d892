import type { Source, SourceContext } from '@crm-mesh/sdk';
import DataLoader from 'dataloader';

const DEFAULT_BATCH_SIZE = 100;

/** Reads one record; undefined when the CRM does not have it. */
export type RecordLoader = (entity: string, id: string) => Promise<unknown>;

/**
 * Gathers what parallel lanes ask for within `gatherMs` into one batch read per entity. Keeps nothing: the next call
 * reads anew.
 */
export function createRecordLoader(source: Source, context: SourceContext, gatherMs = 20): RecordLoader {
  const loaders = new Map<string, DataLoader<string, unknown>>();
  const createLoader = (entity: string) =>
    new DataLoader<string, unknown>((ids) => readBatch(source, context, { entity, ids }), {
      cache: false,
      maxBatchSize: source.fetchBatchSize ?? DEFAULT_BATCH_SIZE,
      batchScheduleFn: (run) => void setTimeout(run, gatherMs),
    });
  return async (entity, id) => {
    const loader = loaders.get(entity) ?? createLoader(entity);
    loaders.set(entity, loader);
    return loader.load(id);
  };
}

async function readBatch(
  source: Source,
  context: SourceContext,
  wanted: { entity: string; ids: readonly string[] },
): Promise<unknown[]> {
  const fetched = await source.fetch?.(wanted.entity, [...new Set(wanted.ids)], context);
  return wanted.ids.map((id) => fetched?.get(id));
}
