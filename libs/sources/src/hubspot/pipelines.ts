import type { DealStatus, TicketStatus } from '@crm-mesh/contract';
import type { SourceContext } from '@crm-mesh/sdk';
import { isObject } from '@crm-mesh/sdk/kit';
import { KeptReads } from '../kit/kept-reads.js';
import { apiOf } from './api.js';
import type { HubspotConfig } from './config.js';

interface Stage {
  name: string | undefined;
  metadata: unknown;
}

/** By `pipeline/stage`: stage ids may repeat in several pipelines. The key is what the API's paths call the objects. */
const stages = new KeptReads<HubspotConfig, ReadonlyMap<string, Stage>>({
  keepMs: 600_000,
  ask: async (objects, context) =>
    listStages(await apiOf(context).request({ method: 'GET', path: `/crm/v3/pipelines/${objects}` })),
});

/** Undefined when the portal has no such stage (any more). */
export function findStage(
  objects: 'deals' | 'tickets',
  stage: string,
  context: SourceContext<HubspotConfig>,
): Promise<Stage | undefined> {
  return stages.find(objects, context, (all) => all.get(stage));
}

function listStages(answer: unknown): ReadonlyMap<string, Stage> {
  const found = new Map<string, Stage>();
  for (const pipeline of listObjects(isObject(answer) ? answer.results : undefined)) {
    for (const { id, label, metadata } of listObjects(pipeline.stages)) {
      const name = typeof label === 'string' ? label : undefined;
      found.set(`${String(pipeline.id)}/${String(id)}`, { name, metadata });
    }
  }
  return found;
}

/** Of a deal's stage: won is closed with probability 1, lost is closed with less; the stage's name says nothing. */
export function decideStatus(metadata: unknown): DealStatus {
  const { isClosed, probability } = isObject(metadata) ? metadata : {};
  const chance = probability === undefined || probability === '' ? undefined : Number(probability);
  const closed = isClosed === undefined ? chance === 0 || chance === 1 : isTrue(isClosed);
  if (!closed) return 'open';
  return chance === 1 ? 'won' : 'lost';
}

/** Of a ticket's stage, by `ticketState` (`OPEN`, `CLOSED`); undefined: the stage does not say. */
export function decideTicketStatus(metadata: unknown): TicketStatus | undefined {
  const { ticketState, isClosed } = isObject(metadata) ? metadata : {};
  if (ticketState === 'CLOSED') return 'closed';
  if (ticketState === 'OPEN') return 'open';
  if (isClosed === undefined) return undefined;
  return isTrue(isClosed) ? 'closed' : 'open';
}

/** Metadata is text, as all values are. */
function isTrue(value: unknown): boolean {
  return value === 'true' || value === true;
}

export function listObjects(list: unknown): Record<string, unknown>[] {
  return (Array.isArray(list) ? (list as unknown[]) : []).filter(isObject);
}
