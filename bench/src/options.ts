import { parseArgs } from 'node:util';

export interface BenchOptions {
  /** Names of cases or groups; empty: all. */
  only: string[];
  rounds: number;
  json: boolean;
  help: boolean;
  /** Events of one measurement, instead of the case's own number. */
  events: number | undefined;
  /** Records that handle-1m has seen, instead of a million. */
  seen: number | undefined;
  /** Records that backfill loads, explain has and reconcile compares, instead of a million. */
  records: number | undefined;
  profileDir: string | undefined;
}

export const USAGE = `npm run bench -- [options]

  --only NAME     this case alone; may be repeated, or be a list with commas
  --rounds N      measurements of each side (default 5)
  --events N      events of one measurement (default: the case's own number)
  --seen N        records that handle-1m has seen (default 1000000)
  --records N     records of backfill, explain and reconcile (default 1000000)
  --json          one JSON object a line instead of the table
  --profile DIR   the processes under test write CPU profiles there
  --help`;

const DEFAULT_ROUNDS = 5;
const MOST_ROUNDS = 100;
const MOST_EVENTS = 200_000;
const MOST_SEEN = 10_000_000;
const MOST_RECORDS = 2_000_000;

/** A mistake of the person at the keyboard: told without a stack. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export function parseOptions(args: readonly string[]): BenchOptions {
  const { values } = readArguments(args);
  return {
    only: (values.only ?? []).flatMap((list) => list.split(',')).filter((name) => name !== ''),
    rounds: readCount('--rounds', values.rounds, MOST_ROUNDS) ?? DEFAULT_ROUNDS,
    events: readCount('--events', values.events, MOST_EVENTS),
    seen: readCount('--seen', values.seen, MOST_SEEN),
    records: readCount('--records', values.records, MOST_RECORDS),
    json: values.json ?? false,
    help: values.help ?? false,
    profileDir: values.profile,
  };
}

function readArguments(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        only: { type: 'string', multiple: true },
        rounds: { type: 'string' },
        events: { type: 'string' },
        seen: { type: 'string' },
        records: { type: 'string' },
        json: { type: 'boolean' },
        profile: { type: 'string' },
        help: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  }
}

function readCount(name: string, text: string | undefined, most: number): number | undefined {
  if (text === undefined) return undefined;
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > most) {
    throw new UsageError(`${name} takes a whole number from 1 to ${most}, not '${text}'.`);
  }
  return count;
}

/** Those that are wanted, in their own order; without a wish all but those that are only run by name. Throws a UsageError that lists what there is. */
export function chooseCases<C extends { name: string; group?: string; onlyNamed?: true }>(
  cases: readonly C[],
  only: readonly string[],
): C[] {
  if (only.length === 0) return cases.filter(({ onlyNamed }) => !onlyNamed);
  const isCalled = (one: C, name: string): boolean => one.name === name || one.group === name;
  const unknown = only.filter((name) => !cases.some((one) => isCalled(one, name)));
  if (unknown.length > 0) {
    const names = cases.map(({ name }) => name).join(', ');
    throw new UsageError(`No case is called ${unknown.join(', ')}; there are: ${names}.`);
  }
  return cases.filter((one) => only.some((name) => isCalled(one, name)));
}
