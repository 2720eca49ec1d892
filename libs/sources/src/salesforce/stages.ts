import type { DealStatus } from '@crm-mesh/contract';
import type { SourceContext } from '@crm-mesh/sdk';
import { KeptReads } from '../kit/kept-reads.js';
import type { SalesforceConfig } from './config.js';
import { query, type Row } from './query.js';

interface Stage {
  label: string;
  status: DealStatus;
}

/** Salesforce has one list of them. */
const KEY = 'OpportunityStage';
const SOQL = `SELECT ApiName, MasterLabel, IsClosed, IsWon FROM ${KEY} ORDER BY SortOrder`;

/** By the value that `StageName` holds. */
const stages = new KeptReads<SalesforceConfig, ReadonlyMap<string, Stage>>({
  keepMs: 600_000,
  ask: async (_, context) => {
    const { records } = await query(SOQL, context);
    return new Map(records.map((row) => [String(row.ApiName), readStage(row)]));
  },
});

/** What people call a stage; undefined when there is no such stage (any more). */
export function findStage(name: string, context: SourceContext<SalesforceConfig>): Promise<Stage | undefined> {
  return stages.find(KEY, context, (all) => all.get(name));
}

/** As they are now. */
export function readStages(context: SourceContext<SalesforceConfig>): Promise<ReadonlyMap<string, Stage>> {
  return stages.read(KEY, context, 0);
}

function readStage(row: Row): Stage {
  return { label: String(row.MasterLabel ?? row.ApiName), status: decideStatus(row) };
}

/** Of a stage, and of an opportunity itself. The stage's name says nothing: it can be renamed. */
export function decideStatus({ IsClosed: closed, IsWon: won }: Row): DealStatus {
  if (won === true) return 'won';
  return closed === true ? 'lost' : 'open';
}
