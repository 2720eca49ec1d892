import type { RunOutcome } from './outcome.js';
import type { Partition } from './partition.js';
import type { DeliveryPolicy } from './policy.js';
import type { ReadSnapshot } from './snapshot-page.js';

/** One message as a handler sees it; plain data. */
export interface HandlerItem {
  stream: string;
  subject: string;
  sequence: number;
  data: Uint8Array;
  storedAtMs: number;
  /** It runs though it may be done, because somebody asked for that: tells this telling of it from others. */
  again?: string | undefined;
}

/** One run: a single item, or with `coalesceMs` all that waited in the lane, or a batch; of a record the oldest first. */
export interface HandlerInput {
  consumer: string;
  items: HandlerItem[];
  /** 1 for the first run; of the item that has had the most. */
  attempt: number;
}

/** What a handler may ask of its run. */
export interface HandlerRun {
  /** Aborts when the time is up, or the engine stops. Made when it is asked for. */
  readonly signal: AbortSignal;
  /** Called when the signal aborts, with the reason, without making the signal. One listener. */
  onInterrupt(listener: (reason: string) => void): void;
}

/** The one seam between the engine and the code that it runs: plain data both ways. Never rejects. */
export type RunHandler = (input: HandlerInput, run: HandlerRun) => Promise<RunOutcome>;

/** What follows a stream through the engine: a plugin, the normaliser. */
export interface ConsumerSpec {
  /** Also the durable's name, where it has one partition. Rows, dead letters and what is sent directly go by it. */
  name: string;
  description: string;
  stream: 'CRM_RAW' | 'CRM_EVENTS';
  filterSubject: string;
  /** Kept with the durable for operators. */
  metadata: Record<string, string>;
  /** Kept with dead letters. */
  version: string;
  policy: DeliveryPolicy;
  /** Sifts what the covering filter lets through; what it refuses is acked without running. */
  accepts?(subject: string): boolean;
  /** Whether `runHandler` only passes over such a message: then it makes no older one pointless. Default: it never does. */
  skips?(data: Uint8Array): boolean;
  /** What is kept in order; default: the record that the subject names. */
  laneOf?(item: HandlerItem): string | Promise<string>;
  /** For a subject: how long its lane gathers, in milliseconds; default `policy.coalesceMs`. */
  coalesceMsOf?(subject: string): number;
  /** Which part of the downstream a message needs; each part has a breaker of its own. Default: there is one part. */
  breakerOf?(subject: string): string;
  /** For `startFrom: 'snapshot'`. */
  readSnapshot?: ReadSnapshot;
  /** What `policy.each` counts by; default: everything is of one key. */
  limitKeyOf?(item: HandlerItem): string;
  /** Of the lease under which it runs, where one does. */
  epoch?: number;
  /** False as soon as that lease may be another's: then nothing begins any more, nor is it written down, buried or settled. */
  isHeld?(): boolean;
  /** Where several durables share its lanes: which of them this is. */
  partition?: Partition;
  /** While what runs the handler is away: tells when it is back, or (`false`) that nobody waits for it any more. */
  untilReady?(): Promise<boolean> | undefined;
  /** Nothing that was done before can come again: an inbox beside ours may forget it. */
  forget?(beforeMs: number): Promise<void>;
  runHandler: RunHandler;
}
