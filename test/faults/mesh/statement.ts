/** One thing that a sender said of one record; `isAnswered`: with a 2xx, so that it must never be lost. */
export interface Statement {
  tenant: string;
  connection: string;
  /** The record. */
  id: string;
  /** Its n-th edit: the higher, the newer. */
  edit: number;
  /** The sender's own id of the statement, the same in every repetition. */
  statementId: string;
  /** What the plugin is to do about it, see fault-plugin.ts. */
  task: string;
  isAnswered: boolean;
}

export type Connection = 'acme/shop' | 'globex/shop' | 'acme/billing';

export const TOKEN = 'a-bearer-token';
/** Of Standard Webhooks, 24 bytes. */
export const SIGNING_KEY = Buffer.from('a secret of 24 bytes ok!');

const EPOCH_MS = Date.UTC(2026, 0, 1);
const FILLER = 'x'.repeat(400);

/** What a sender would say of a company; edits are a second apart. */
function describeRecord({ id, edit, task }: Statement): { time: string; data: object } {
  const time = new Date(EPOCH_MS + edit * 1_000).toISOString();
  return { time, data: { id, name: `edit ${edit}`, industry: task, website: FILLER } };
}

/** A batch of CloudEvents. */
export function toCloudEvents(statements: readonly Statement[]): object[] {
  return statements.map((statement) => {
    const { time, data } = describeRecord(statement);
    return { specversion: '1.0', source: '/shop', type: 'company.updated', id: statement.statementId, time, data };
  });
}

/** The body of a Standard Webhook. */
export function toStandardWebhook(statement: Statement): object {
  const { time, data } = describeRecord(statement);
  return { type: 'company.updated', timestamp: time, data };
}
