import type { FoundInConfig } from '@crm-mesh/config/checking';
import type { MeshErrorCode } from '@crm-mesh/contract';
import type { HandlerItem } from '@crm-mesh/delivery';
import type { ErrorInfo, RunOutcome } from '@crm-mesh/delivery/outcome';
import type { DropIn } from '@crm-mesh/drop-ins';
import type { PluginSummary } from '@crm-mesh/plugin-consumer';
import type { RunInput } from '@crm-mesh/plugin-consumer/in-place';

// What the host and a plugin's worker tell each other: plain data, in lists, one list a turn of the event loop (parcel.ts).

/** What a worker knows from its start. */
export interface WorkerFacts {
  dropIn: DropIn;
  /** The bundled plugin. */
  module: string;
  /** Below it no line is worth sending. */
  logLevel: string;
}

/** What the host asks for once, and awaits. */
export type Request =
  | { step: 'load' }
  | { step: 'configure'; values: unknown }
  | { step: 'setup' }
  | { step: 'teardown' }
  | { step: 'forget'; beforeMs: number }
  /** What a reconciliation asks; nobody has looked at it yet. */
  | { step: 'answer'; question: unknown }
  | { step: 'done'; eventIds: readonly string[] };

/** What the worker gives back for each. */
export interface Answers {
  load: { plugin: PluginSummary } | { refusal: Refusal };
  configure: readonly FoundInConfig[];
  setup: undefined;
  teardown: undefined;
  forget: undefined;
  answer: object;
  done: string[];
}

export interface Refusal {
  code: MeshErrorCode;
  what: string;
  cure: string;
}

export type { RunInput };

export type ToWorker =
  | ({ kind: 'request'; id: number } & Request)
  | { kind: 'run'; id: number; input: RunInput }
  | { kind: 'abort'; id: number; reason: string }
  | { kind: 'lane'; id: number; item: HandlerItem }
  | { kind: 'ping' };

export type FromWorker =
  | { kind: 'answer'; id: number; answer: Answers[keyof Answers] }
  /** `refusal`: it has a code of ours. */
  | { kind: 'failure'; id: number; error: ErrorInfo; refusal?: Refusal }
  | { kind: 'outcome'; id: number; outcome: RunOutcome }
  | { kind: 'lane'; id: number; lane: string }
  /** `fields` is JSON. */
  | { kind: 'line'; level: 'debug' | 'info' | 'warn' | 'error'; fields: string; message: string }
  | { kind: 'pong' };
