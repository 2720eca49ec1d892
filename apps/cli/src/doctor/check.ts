import type { CliContext } from '../cli-context.js';

/** `note`: nothing is wrong, but worth knowing. */
export interface CheckResult {
  name: string;
  state: 'ok' | 'note' | 'failed';
  detail: string;
  /** How to mend it. */
  cure?: string;
}

/** One thing to look at; several results where several things were found. What it throws is a failure too. */
export interface Check {
  name: string;
  run(context: CliContext): Promise<CheckResult[]> | CheckResult[];
}

export const ok = (name: string, detail: string): CheckResult => ({ name, state: 'ok', detail });
export const note = (name: string, detail: string): CheckResult => ({ name, state: 'note', detail });
export const failed = (name: string, detail: string, cure: string): CheckResult => ({
  name,
  state: 'failed',
  detail,
  cure,
});
