import type { Statement } from '../mesh/statement.js';

/** What was found after a run, read from streams, databases and the effects file by nothing that the mesh is made of. */
export interface Evidence {
  /** What the sender knows. */
  statements: readonly Statement[];
  raw: readonly RawMessage[];
  /** In stream order. */
  events: readonly LoggedEvent[];
  letters: readonly Letter[];
  ledger: readonly LedgerRow[];
  /** In the order in which they were written. */
  effects: readonly Effect[];
  /** Process ids of hosts that ended without warning. */
  crashedLives: ReadonlySet<number>;
  /** Sequences of CRM_EVENTS that the server has given up, or was told to, before the plugin ever saw them. */
  givenUp: ReadonlySet<number>;
  /** What is still to be done, by place. */
  waiting: Readonly<Record<string, number>>;
}

/** A notification in CRM_RAW. */
export interface RawMessage {
  sequence: number;
  /** `tenant/connection` */
  connection: string;
  statementId: string;
  record: string;
  edit: number;
}

/** An event in CRM_EVENTS. */
export interface LoggedEvent {
  sequence: number;
  /** `tenant/connection/entity/id` */
  record: string;
  version: number;
  edit: number;
  task: string;
  text: string;
}

/** A dead letter in CRM_DEAD. */
export interface Letter {
  consumer: string;
  stream: string;
  /** Of the message that was buried. */
  sequence: number;
  error: string;
  /** The payload as text; undefined when the letter does not repeat it. */
  text: string | undefined;
}

export interface LedgerRow {
  record: string;
  version: number;
  edit: number;
}

/** A line of the fault plugin. */
export interface Effect {
  record: string;
  version: number;
  attempt: number;
  step: 'begin' | 'done' | 'refused';
  /** The host's process id. */
  life: number;
}

/** What is wrong, in one line; `rule` names the promise that is broken. */
export interface Finding {
  rule: Rule;
  what: string;
}

export type Rule =
  | 'nothing answered 2xx is lost'
  | 'nothing is stored twice'
  | 'versions have no gap and no fork'
  | 'no older state follows a newer one'
  | 'the last statement is told'
  | 'the ledger is what the log says'
  | 'order per record'
  | 'every event has its effect'
  | 'only a crash repeats'
  | 'dead letters are complete'
  | 'no innocent is buried'
  | 'all is settled';
