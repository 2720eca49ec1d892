import type { DealStatus } from '@crm-mesh/contract';
import type { SourceContext } from '@crm-mesh/sdk';
import type { SalesforceConfig } from './config.js';
import { query, type Row } from './query.js';

interface Stage {
  label: string;
  status: DealStatus;
}

/** By the value that `StageName` holds. */
type Stages = ReadonlyMap<string, Stage>;

const KEEP_MS = 600_000;
const ASK_AGAIN_MS = 30_000;

interface Cached {
  readAtMs: number;
  stages: Promise<Stages>;
}

const cachedByConfig = new WeakMap<SalesforceConfig, Cached>();

/** What people call a stage; undefined when there is no such stage (any more). */
export async function findStage(name: string, context: SourceContext<SalesforceConfig>): Promise<Stage | undefined> {
  return (await readStages(KEEP_MS, context)).get(name) ?? (await readStages(ASK_AGAIN_MS, context)).get(name);
}

export function readStages(keepMs: number, context: SourceContext<SalesforceConfig>): Promise<Stages> {
  const cached = cachedByConfig.get(context.config);
  if (cached && context.now() - cached.readAtMs < keepMs) return cached.stages;
  const soql = 'SELECT ApiName, MasterLabel, IsClosed, IsWon FROM OpportunityStage ORDER BY SortOrder';
  const stages = query(soql, context).then(
    ({ records }) => new Map(records.map((row) => [String(row.ApiName), readStage(row)])),
  );
  const fresh = { readAtMs: context.now(), stages };
  cachedByConfig.set(context.config, fresh);
  stages.catch(() => {
    if (cachedByConfig.get(context.config) === fresh) cachedByConfig.delete(context.config);
  });
  return stages;
}

function readStage(row: Row): Stage {
  return { label: String(row.MasterLabel ?? row.ApiName), status: decideStatus(row) };
}

/** Of a stage, and of an opportunity itself. The stage's name says nothing: it can be renamed. */
export function decideStatus({ IsClosed: closed, IsWon: won }: Row): DealStatus {
  if (won === true) return 'won';
  return closed === true ? 'lost' : 'open';
}
