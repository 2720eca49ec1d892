import type { HandlerItem, RunHandler } from '@crm-mesh/delivery';
import type { DeliveryOptions, DeliveryPreset } from '@crm-mesh/sdk';
import type { EventPattern } from '@crm-mesh/contract';

/** What the host must know of a plugin, wherever its code lives; plain data. */
export interface PluginSummary {
  name: string;
  /** The app that it belongs to; undefined: the host. */
  app?: string;
  description?: string;
  events: readonly EventPattern[];
  /** Fields that it says it needs. */
  reads?: readonly string[];
  delivery?: DeliveryOptions | DeliveryPreset;
  /** It says itself what is kept in order. */
  hasKey: boolean;
  /** It has `handleBatch` in the place of `handle`. */
  handlesBatches: boolean;
  /** It has a database of its own, with an inbox in it. */
  hasSink: boolean;
  /** It says what lies downstream: see {@link PluginCode.answer}. */
  hasReconcile?: true;
}

/** Why a plugin that ran does not run now, though nothing is wrong with its file. */
export interface Restarting {
  reason: string;
  cure: string;
}

/** A plugin's code, loaded and checked: in the host's own thread, or in a worker. */
export interface PluginCode {
  readonly summary: PluginSummary;
  /** Its part of mesh.yaml, before `setup`. Throws MESH_CONFIG_INVALID. */
  configure(values: Record<string, unknown>): Promise<void>;
  setup(): Promise<void>;
  teardown(): Promise<void>;
  readonly runHandler: RunHandler;
  /** The lane of an event, by the plugin's `key`; its subject where `key` fails. */
  laneOf(item: HandlerItem): string | Promise<string>;
  /** As the engine asks for it. */
  untilReady(): Promise<boolean> | undefined;
  readonly restarting: Restarting | undefined;
  /** False: its consumer stops, and nothing waits any longer for a worker that is started again. */
  setConsuming(isConsuming: boolean): void;
  /** The inbox in its sink may forget what was done before. Absent: it can have none. */
  forget?(beforeMs: number): Promise<void>;
  /** What a reconciliation asks, and what the plugin's `reconcile` says to it. Absent: it can have none. */
  answer?(question: unknown): Promise<object>;
  /** Which of the events the inbox in its sink has as done. Absent: it can have none. */
  listDone?(eventIds: readonly string[]): Promise<string[]>;
  /** Nothing of it is used any more. */
  close(): Promise<void>;
}
