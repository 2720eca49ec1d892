export type { Comparison, ComparisonStep, Repairer, RepairOutcome } from './comparison.js';
export { HARMLESS, LABELS, WAITING, type Label } from './label.js';
export { LEGS, MISMATCH_KINDS, type Leg, type Mismatch, type MismatchKind } from './mismatch.js';
