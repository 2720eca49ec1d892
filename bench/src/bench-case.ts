export type Side = 'ours' | 'reference';

/** What must hold of the medians: a ratio ours / reference, or how much more ours may take. */
export interface Goal {
  kind: 'ratio-at-least' | 'ratio-at-most' | 'more-at-most';
  target: number;
}

export interface OpenOptions {
  /** Events of one measurement. */
  events: number;
  /** Records that were seen before, for the case that asks. */
  seen?: number | undefined;
  /** Records in the CRM, for the case that asks. */
  records?: number | undefined;
  /** Processes under test write a CPU profile there when they end. */
  profileDir: string | undefined;
}

/** Both sides, started and ready; they live through all rounds, so that both run warm. */
export interface Contest {
  /** One measurement, in the case's unit. Throws when an event is missing or too many at its end. */
  measure(side: Side): Promise<number>;
  /** What else is worth telling when all is measured. */
  report?(): readonly string[] | Promise<readonly string[]>;
  close(): Promise<void>;
}

export interface BenchCase {
  name: string;
  /** What `--only` calls it, where that is not its own name. */
  group?: string;
  reference: string;
  unit: string;
  goal: Goal;
  /** Events of one measurement, where nothing else is asked for. */
  events: number;
  /** It takes too long to be run unless it is asked for by its name. */
  onlyNamed?: true;
  /** Measured once, ours first, whatever number of rounds is asked for. */
  once?: true;
  /** Why it cannot run on this machine; undefined when it can. */
  whyNot?(): string | undefined | Promise<string | undefined>;
  open(options: OpenOptions): Promise<Contest>;
}
