import type { EntityScope } from '@crm-mesh/contract';
import type {
  Comparison,
  ComparisonStep,
  Mismatch,
  MismatchKind,
  RecordFacts,
  Repairer,
} from '@crm-mesh/reconciliation';
import type { LastReport, OpenedLeg } from './leg.js';

// For the specs of this folder.

export const SETTLED: RecordFacts = {
  ...{ ledger: 'present', isDead: false, isParked: false, isInFlight: false },
  ...{ isHeard: true, wasApplied: false, isOlder: false },
};

export const CONTACTS: EntityScope = { tenant: 'acme', connection: 'crm', entity: 'contact' };

/** Two sides in memory: versions by id. */
export class TestSides {
  readonly should = new Map<string, string>();
  readonly is = new Map<string, string>();
  readonly facts = new Map<string, Partial<RecordFacts>>();
  /** Ids, in the order in which repairs were sent; each once for each run. */
  readonly repaired: string[] = [];
  readonly begunAt: (string | undefined)[] = [];
  readonly seenReports: (LastReport | undefined)[] = [];
  pageSize = 10;
  calls = 1;
  upTo = 7;
  /** What each step tells of the next one. */
  waits: ComparisonStep['waits'];
  units: EntityScope[] = [CONTACTS];
  /** Before each step, and each repair. */
  onStep: (at: number) => void | Promise<void> = () => undefined;
  onRepair: (id: string) => void | Promise<void> = () => undefined;
  /** What a real side knows by the message id. */
  readonly #sent = new Set<string>();

  /** `count` records that are equal. */
  fill(count: number): this {
    for (let n = 0; n < count; n += 1) {
      const id = `c${String(n).padStart(5, '0')}`;
      this.should.set(id, '1');
      this.is.set(id, '1');
    }
    return this;
  }

  open = (): Promise<OpenedLeg> =>
    Promise.resolve({
      upTo: this.upTo,
      listUnits: () => Promise.resolve(this.units),
      compare: (unit) => this.#compare(unit),
      collectFacts: (mismatches, last) => {
        this.seenReports.push(last);
        return Promise.resolve(mismatches.map(({ record }) => ({ ...SETTLED, ...this.facts.get(record.id) })));
      },
      repairer: this.#repairer,
    });

  #compare(unit: EntityScope): Comparison {
    return { steps: (cursor, signal) => this.#step(unit, cursor, signal) };
  }

  async *#step(unit: EntityScope, cursor: string | undefined, signal: AbortSignal): AsyncGenerator<ComparisonStep> {
    this.begunAt.push(cursor);
    const ids = [...new Set([...this.should.keys(), ...this.is.keys()])].toSorted();
    const start = cursor === undefined ? 0 : Number(cursor);
    for (let at = start; at < ids.length; at += this.pageSize) {
      await this.onStep(at);
      if (signal.aborted) return;
      const page = ids.slice(at, at + this.pageSize);
      const found = page.flatMap((id) => this.#judge(unit, id));
      const sums = { compared: page.length, rows: page.length * 2, calls: this.calls, total: ids.length };
      yield { cursor: String(at + page.length), ...sums, found, ...(this.waits ? { waits: this.waits } : {}) };
    }
  }

  #judge(unit: EntityScope, id: string): Mismatch[] {
    const [expected, found] = [this.should.get(id), this.is.get(id)];
    const kind = judgeKind(expected, found);
    const marks = { ...(expected === undefined ? {} : { expected }), ...(found === undefined ? {} : { found }) };
    return kind ? [{ record: { ...unit, id }, kind, ...marks }] : [];
  }

  readonly #repairer: Repairer = {
    repair: async ({ record: { id } }, { run }) => {
      await this.onRepair(id);
      const isNew = !this.#sent.has(`${run} ${id}`);
      this.#sent.add(`${run} ${id}`);
      if (isNew) this.repaired.push(id);
      const expected = this.should.get(id);
      if (expected === undefined) this.is.delete(id);
      else this.is.set(id, expected);
      return 'sent';
    },
  };
}

function judgeKind(expected: string | undefined, found: string | undefined): MismatchKind | undefined {
  if (expected === found) return undefined;
  if (found === undefined) return 'missing';
  return expected === undefined ? 'extra' : 'stale';
}
