import type { Label } from './label.js';
import type { Leg, Mismatch, MismatchKind } from './mismatch.js';

/** What the mesh knows of a record on which two sides differ, at the moment when it is asked. */
export interface RecordFacts {
  /**
   * What the ledger says. `unknown`: nothing; `untold`: that it is gone, and no event ever told of it; `present`; `gone`:
   * deleted, erased or swallowed by another.
   */
  ledger: 'unknown' | 'untold' | 'present' | 'gone';
  /** What the other side lacks lies among the open dead letters. */
  isDead: boolean;
  /** It waits in a parked or held lane. */
  isParked: boolean;
  /** It is not settled yet, or the two sides have come together meanwhile. */
  isInFlight: boolean;
  /** Of what the other side lacks, something is told to it. */
  isHeard: boolean;
  /** There is a trace of an effect: a row in the inbox of its sink, a receipt, or the last report held the record as equal. */
  wasApplied: boolean;
  /** What was found is what the record once was. */
  isOlder: boolean;
}

/** One line of the table in docs/reconciliation.md. */
interface Rule {
  leg: Leg;
  kinds: readonly MismatchKind[];
  /** In words, for people. */
  when: string;
  holds(facts: RecordFacts): boolean;
  label: Label;
}

const LACKS: readonly MismatchKind[] = ['missing', 'stale', 'extra'];
const always = (): boolean => true;

/** What other labels would hide comes first. `edited` counts as `stale` where the record once was like that. */
const RULES: readonly Rule[] = [
  {
    ...{ leg: 'crm', kinds: LACKS, label: 'dead-lettered' },
    when: 'a notification of the record lies among the dead letters',
    holds: ({ isDead }) => isDead,
  },
  {
    ...{ leg: 'crm', kinds: LACKS, label: 'parked' },
    when: 'a notification of the record waits in a parked lane of the normaliser',
    holds: ({ isParked }) => isParked,
  },
  {
    ...{ leg: 'crm', kinds: [...LACKS, 'edited'], label: 'in-flight' },
    when: 'a notification of the record is not settled yet, or the ledger has come up with the CRM',
    holds: ({ isInFlight }) => isInFlight,
  },
  { leg: 'crm', kinds: LACKS, when: 'else', holds: always, label: 'never-delivered' },
  { leg: 'crm', kinds: ['edited'], when: 'else', holds: always, label: 'mapping-changed' },
  { leg: 'crm', kinds: ['ahead', 'duplicate'], when: 'always', holds: always, label: 'in-flight' },
  { leg: 'plugin', kinds: ['duplicate'], when: 'always', holds: always, label: 'duplicate-downstream' },
  {
    ...{ leg: 'plugin', kinds: LACKS, label: 'dead-lettered' },
    when: 'what the plugin lacks lies among the dead letters',
    holds: ({ isDead }) => isDead,
  },
  {
    ...{ leg: 'plugin', kinds: LACKS, label: 'parked' },
    when: 'the record waits in a parked lane, or in one that a dead letter holds',
    holds: ({ isParked }) => isParked,
  },
  {
    ...{ leg: 'plugin', kinds: [...LACKS, 'ahead', 'edited'], label: 'in-flight' },
    when: 'the newest event is not settled, or one is under way to this plugin alone',
    holds: ({ isInFlight }) => isInFlight,
  },
  {
    ...{ leg: 'plugin', kinds: ['edited', 'ahead'], label: 'edited-downstream' },
    when: 'else',
    holds: always,
  },
  {
    ...{ leg: 'plugin', kinds: ['extra'], label: 'created-downstream' },
    when: 'the ledger knows no such record, or no event ever told of it',
    holds: ({ ledger }) => ledger === 'unknown' || ledger === 'untold',
  },
  {
    ...{ leg: 'plugin', kinds: LACKS, label: 'filtered-out' },
    when: 'the plugin does not listen to what it lacks, skips its origin, or began later',
    holds: ({ isHeard }) => !isHeard,
  },
  {
    ...{ leg: 'plugin', kinds: ['missing'], label: 'deleted-downstream' },
    when: 'its sink, a receipt or the last report shows that it was there',
    holds: ({ wasApplied }) => wasApplied,
  },
  {
    ...{ leg: 'plugin', kinds: ['stale'], label: 'edited-downstream' },
    when: 'its sink, a receipt or the last report shows that it was there',
    holds: ({ wasApplied }) => wasApplied,
  },
  {
    ...{ leg: 'plugin', kinds: ['extra'], label: 'created-downstream' },
    when: 'its sink, a receipt or the last report shows that it was gone',
    holds: ({ wasApplied }) => wasApplied,
  },
  { leg: 'plugin', kinds: LACKS, when: 'else', holds: always, label: 'acked-not-applied' },
];

/** The table of the rules, as people read it: the first line that fits counts. */
export const ATTRIBUTION: readonly { leg: Leg; kinds: readonly MismatchKind[]; when: string; label: Label }[] =
  RULES.map(({ leg, kinds, when, label }) => ({ leg, kinds, when, label }));

/** Why the two sides differ on a record. */
export function attribute(leg: Leg, { kind }: Pick<Mismatch, 'kind'>, facts: RecordFacts): Label {
  const seen = leg === 'plugin' && kind === 'edited' && facts.isOlder ? 'stale' : kind;
  const rule = RULES.find((one) => one.leg === leg && one.kinds.includes(seen) && one.holds(facts));
  if (!rule) throw new TypeError(`no rule for ${leg} ${seen}`);
  return rule.label;
}

/** Whether there is anything that could be sent to make the two sides equal. */
export function isRepairable({ kind }: Pick<Mismatch, 'kind'>, { ledger }: Pick<RecordFacts, 'ledger'>): boolean {
  if (kind === 'duplicate') return false;
  return kind !== 'extra' || (ledger !== 'unknown' && ledger !== 'untold');
}
