export type {
  DropClass,
  Fate,
  HostExplanation,
  PluginTrace,
  RecordDifference,
  RecordHistory,
  ToldChange,
  ToldCopy,
  ToldDeed,
  ToldEntry,
  ToldLetter,
  ToldNotification,
  ToldPlace,
} from './explain.js';
export type { HostStatus, PluginState, PluginStatus } from './host-status.js';
export type { ConnectionCounts, OutboxFill, PublisherStatus } from './publisher-status.js';
export type { ToldReceipt } from './receipts.js';
export type {
  HistoryLine,
  LabelLine,
  Pair,
  Question,
  RunOutcome,
  RunPhase,
  RunProgress,
  RunReport,
  RunStatus,
  UnitLine,
} from './reconcile.js';
export type { RetellAnswer } from './retell.js';
export type {
  BackfillState,
  BackfillStatus,
  EntityBackfill,
  LeftOut,
  PollStatus,
  SourceStatus,
  TaskHealth,
} from './sources.js';
export type { PluginDelivery, Whereabouts, WhereaboutsQuestion } from './whereabouts.js';
export type { RebuildState } from '@crm-mesh/ledger';
