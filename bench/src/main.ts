// npm run bench, once it is built.
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { backfill } from '../cases/backfill.js';
import { engineLatency } from '../cases/engine-latency.js';
import { explain } from '../cases/explain.js';
import { handle1m } from '../cases/handle-1m.js';
import { handleBullmq } from '../cases/handle-bullmq.js';
import {
  handle,
  handle40,
  handleAckAll,
  handleInboxPostgres,
  handleInboxSqlite,
  handleWorker,
} from '../cases/handle.js';
import { idleMemory, idleMemoryWorker, idlePlugins, idlePluginsWorker } from '../cases/idle-plugins.js';
import { keepDigests, keepDigestsPostgres } from '../cases/keep-digests.js';
import { latency } from '../cases/latency.js';
import { memory } from '../cases/memory.js';
import { normalise, normalisePostgres } from '../cases/normalise.js';
import { parkedLane } from '../cases/parked-lane.js';
import { poll } from '../cases/poll.js';
import { publishGo } from '../cases/publish-go.js';
import { publish } from '../cases/publish.js';
import {
  reconcileDigests,
  reconcileDigestsPostgres,
  reconcileFull,
  reconcileFullPostgres,
} from '../cases/reconcile.js';
import { webhook, webhookBullmq, webhookHubspot, webhookPipedrive, webhookStock } from '../cases/webhook.js';
import type { BenchCase, Contest } from './bench-case.js';
import { chooseCases, parseOptions, USAGE, UsageError, type BenchOptions } from './options.js';
import { describeRound, formatJsonLine, formatTable, type Result } from './report.js';
import { runOnce, runRounds } from './rounds.js';
import { summarize, type Round } from './statistics.js';

const CASES: readonly BenchCase[] = [
  publish,
  publishGo,
  webhook,
  webhookStock,
  webhookBullmq,
  webhookHubspot,
  webhookPipedrive,
  normalise,
  normalisePostgres,
  keepDigests,
  keepDigestsPostgres,
  poll,
  handle,
  handle40,
  handleWorker,
  handleInboxSqlite,
  handleInboxPostgres,
  handleAckAll,
  handleBullmq,
  handle1m,
  latency,
  engineLatency,
  parkedLane,
  memory,
  idlePlugins,
  idlePluginsWorker,
  idleMemory,
  idleMemoryWorker,
  backfill,
  explain,
  reconcileFull,
  reconcileFullPostgres,
  reconcileDigests,
  reconcileDigestsPostgres,
];

const USAGE_EXIT_CODE = 2;

async function main(options: BenchOptions): Promise<void> {
  if (options.help) return console.log(`${USAGE}\n\nCases: ${CASES.map(({ name }) => name).join(', ')}`);
  if (options.profileDir !== undefined) mkdirSync(options.profileDir, { recursive: true });
  const results: Result[] = [];
  for (const benchCase of chooseCases(CASES, options.only)) {
    const result = await runCase(benchCase, options);
    results.push(result);
    if (result.kind === 'skipped') console.error(`${benchCase.name}: NOT MEASURED, ${result.reason}`);
    if (options.json) console.log(formatJsonLine(result));
  }
  if (!options.json) console.log(formatTable(results));
  // A number that was missed is a finding; a count that is wrong, or a server that broke, is a failure.
  if (results.some(({ kind }) => kind === 'failed')) process.exitCode = 1;
}

async function runCase(benchCase: BenchCase, options: BenchOptions): Promise<Result> {
  const { name, goal } = benchCase;
  const reason = await benchCase.whyNot?.();
  if (reason !== undefined) return { benchCase, kind: 'skipped', reason };
  const say = (text: string): void => console.error(text);
  try {
    say(`${name}: starting …`);
    const events = options.events ?? benchCase.events;
    const profileDir = options.profileDir && resolve(options.profileDir);
    const contest = await benchCase.open({ events, seen: options.seen, records: options.records, profileDir });
    try {
      const rounds = await measureCase(benchCase, contest, { rounds: options.rounds, say });
      for (const line of (await contest.report?.()) ?? []) say(`${name}: ${line}`);
      return { benchCase, kind: 'measured', summary: summarize(rounds, goal) };
    } finally {
      await contest.close();
    }
  } catch (error) {
    say(`${name}: ${error instanceof Error ? error.stack : String(error)}`);
    return { benchCase, kind: 'failed', reason: error instanceof Error ? error.message : String(error) };
  }
}

async function measureCase(
  { name, unit, once }: BenchCase,
  contest: Contest,
  { rounds, say }: { rounds: number; say(text: string): void },
): Promise<Round[]> {
  const tell = (round: Round, number: number, of: number): void =>
    say(describeRound(`${name} ${number}/${of}`, unit, round));
  if (!once) return runRounds(contest, rounds, (round, number) => tell(round, number, rounds));
  const round = await runOnce(contest);
  tell(round, 1, 1);
  return [round];
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));

try {
  await main(parseOptions(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = USAGE_EXIT_CODE;
}
// What a case that failed has left open must not keep us: all is told.
process.exit();
