export { attribute, ATTRIBUTION, isRepairable, type RecordFacts } from './attribute.js';
export type { Comparison, ComparisonStep, Repairer, RepairOutcome } from './comparison.js';
export {
  compareRecord,
  describeKnown,
  describeSight,
  isUnchanged,
  type CrmSight,
  type KnownRecord,
} from './crm/compare-record.js';
export { decideCrmRepair, type CrmRepair } from './crm/decide-repair.js';
export { HARMLESS, LABELS, TREATMENTS, WAITING, type Label } from './label.js';
export { LEGS, MISMATCH_KINDS, type Leg, type Mismatch, type MismatchKind } from './mismatch.js';
export { askConsumer, type AskConsumer } from './plugin/ask-consumer.js';
export { comparePlugin, type PluginComparisonOptions } from './plugin/compare-plugin.js';
export type { LedgerReader } from './plugin/ledger-side.js';
export { repairPlugin, type PluginRepairerOptions, type PluginRepairEntry } from './plugin/repair-plugin.js';
export { readSettledPosition } from './plugin/settled-position.js';
