import type { SourceContext } from '@crm-mesh/sdk';
import type { SalesforceConfig } from './config.js';
import { toId18 } from './ids.js';
import type { Row } from './query.js';
import { decideStatus, findStage } from './stages.js';

type Fields = Record<string, unknown>;

/** What a record means beyond its fields, of the objects that say more than they hold. */
export async function mapMeaning(object: string, row: Row, context: SourceContext<SalesforceConfig>): Promise<Fields> {
  if (object === 'Opportunity') return mapStage(row, context);
  if (object === 'Quote') return mapQuoteStatus(row);
  if (object === 'Task') return { ...mapKind(row.TaskSubtype, 'task'), ...mapLinks(row) };
  return object === 'Event' ? { kind: 'meeting', ...mapLinks(row) } : {};
}

/** The opportunity's own marks; where this user is not shown them, those of its stage. */
async function mapStage(row: Row, context: SourceContext<SalesforceConfig>): Promise<Fields> {
  const stage = typeof row.StageName === 'string' ? await findStage(row.StageName, context) : undefined;
  const isMarked = row.IsWon !== undefined || row.IsClosed !== undefined;
  return {
    status: isMarked ? decideStatus(row) : (stage?.status ?? 'open'),
    ...(stage && { stageName: stage.label }),
  };
}

/** The values that Salesforce ships; an organisation's own say nothing to us. */
const QUOTE_STATUSES: Readonly<Record<string, string>> = {
  Draft: 'draft',
  'Needs Review': 'pending',
  'In Review': 'pending',
  Approved: 'approved',
  Presented: 'approved',
  Accepted: 'accepted',
  Rejected: 'rejected',
  Denied: 'rejected',
};

function mapQuoteStatus({ Status: name }: Row): Fields {
  return typeof name === 'string' && Object.hasOwn(QUOTE_STATUSES, name) ? { status: QUOTE_STATUSES[name] } : {};
}

const TASK_KINDS: Readonly<Record<string, string>> = { Call: 'call', Email: 'email', ListEmail: 'email', Task: 'task' };

function mapKind(subtype: unknown, otherwise: string): Fields {
  return { kind: TASK_KINDS[String(subtype)] ?? otherwise };
}

/** Whom and what an activity is about: the first three characters of the id tell the object. */
function mapLinks({ WhoId, WhatId }: Row): Fields {
  const links: Fields = {};
  for (const id of [WhoId, WhatId].map(toId18)) {
    const prefix = id?.slice(0, 3);
    if (prefix === '001') links.companyId = id;
    else if (prefix === '003') links.contactIds = [id];
    else if (prefix === '006') links.dealId = id;
    else if (prefix === '00Q') links.leadId = id;
  }
  return links;
}
