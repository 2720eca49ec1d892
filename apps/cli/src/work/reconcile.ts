import { createInterface } from 'node:readline/promises';
import pc from 'picocolors';
import { MeshError } from '@crm-mesh/contract';
import type { RunReport, RunStatus } from '@crm-mesh/control';
import type { Nats } from '@crm-mesh/jetstream';
import type { CliContext } from '../cli-context.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { withMesh } from '../mesh/connect-mesh.js';
import { nameActor } from '../mesh/name-actor.js';
import {
  askReport,
  beginReconcile,
  cancelReconcile,
  followReconcile,
  listPairs,
  type ReconcileOrder,
} from '../mesh/reconcile.js';
import { describeRun, renderReport } from '../output/reconcile-tables.js';
import { chooseReconcileExit, MANY_EXAMPLES, writePage } from './reconcile-report.js';

interface ReconcileOptions {
  entity?: string[];
  record?: string;
  from?: string;
  to?: string;
  leg?: 'crm' | 'plugin';
  content?: boolean;
  repair?: boolean;
  dryRun?: boolean;
  maxRepairs?: number;
  maxCalls?: number;
  maxPercent?: number;
  yes?: boolean;
  cancel?: boolean;
  follow: boolean;
  html?: string;
  as?: string;
}

export async function reconcilePairs(
  context: CliContext,
  options: ReconcileOptions,
  pair: string | undefined,
): Promise<ExitCode> {
  refuseContradictions(options, pair);
  return withMesh(context, async (nats) => {
    const pairs = pair === undefined ? await choosePairs(nats, options) : [pair];
    if (options.cancel) return cancel(context, nats, pairs);
    const begun: [ReconcileOrder, RunStatus][] = [];
    for (const one of pairs) {
      const order = planOrder(one, options);
      begun.push([order, await beginReconcile(nats, order)]);
    }
    if (!options.follow)
      return tellBegun(
        context,
        begun.map(([, status]) => status),
      );
    const reports: RunReport[] = [];
    for (const [order, status] of begun) reports.push(await follow(context, nats, { order, status, options }));
    context.terminal.printJson(pair === undefined ? reports : reports[0]);
    if (options.html !== undefined) writePage(context, options.html, reports);
    return chooseReconcileExit(reports);
  });
}

/** Throws MESH_USAGE. */
function refuseContradictions(options: ReconcileOptions, pair: string | undefined): void {
  const refuse = (what: string, cure: string): never => {
    throw new MeshError('MESH_USAGE', what, { cure });
  };
  const { repair, dryRun, record, entity, from, to } = options;
  if (repair && dryRun) refuse('--repair and --dry-run contradict each other.', 'Say one of them.');
  if (record !== undefined && (entity || from !== undefined || to !== undefined))
    refuse('--record says it all.', 'Leave out --entity, --from and --to.');
  if (pair === undefined && record !== undefined)
    refuse('Which pair the record is to be compared in was not said.', 'Name a connection or a plugin.');
}

async function choosePairs(nats: Nats, { leg }: ReconcileOptions): Promise<string[]> {
  const pairs = await listPairs(nats);
  const wanted = pairs.filter((name) => leg === undefined || (leg === 'crm') === name.includes('/'));
  if (wanted.length > 0) return wanted;
  throw new MeshError('MESH_USAGE', 'There is nothing that can be compared.', {
    cure: 'Configure a connection whose source can go through all records, or give a plugin a `reconcile` hook.',
  });
}

function planOrder(pair: string, options: ReconcileOptions): ReconcileOrder {
  const {
    entity,
    record,
    from,
    to,
    content,
    repair = false,
    yes = false,
    maxRepairs,
    maxCalls,
    maxPercent,
    as,
  } = options;
  const budget = { maxRepairs, maxCalls, maxPercent };
  return {
    ...{ pair, repair, yes, by: nameActor(as) },
    ...(entity ? { entities: entity } : {}),
    ...(content && pair.includes('/') ? { content } : {}),
    ...(record === undefined ? {} : { record }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    budget: Object.fromEntries(Object.entries(budget).filter(([, value]) => value !== undefined)),
  };
}

function tellBegun({ terminal }: CliContext, statuses: readonly RunStatus[]): ExitCode {
  terminal.printJson(statuses);
  for (const { run, pair } of statuses)
    terminal.print(`The reconciliation of ${pair.name} runs; mesh reconcile report ${run} shows how far it is.`);
  return EXIT.ok;
}

async function follow(
  context: CliContext,
  nats: Nats,
  { order, status, options }: { order: ReconcileOrder; status: RunStatus; options: ReconcileOptions },
): Promise<RunReport> {
  const { terminal } = context;
  terminal.remark(
    pc.dim(`${order.pair}: it goes on without this command; to end it: mesh reconcile ${order.pair} --cancel`),
  );
  let said = '';
  const ended = await followReconcile(nats, status.run, (now) => {
    const text = now ? describeRun(now) : 'no publisher answers; it goes on when one is back';
    if (text !== said) terminal.remark(pc.dim(`${order.pair}: ${text}`));
    said = text;
  });
  const many = options.html !== undefined || terminal.json ? { examples: MANY_EXAMPLES } : {};
  const report = await askReport(nats, { run: ended.run, ...many });
  terminal.print(renderReport(report, Date.now()));
  if (ended.how !== 'asked' || !terminal.interactive || !(await askPerson(ended))) return report;
  const goesOn = await beginReconcile(nats, { ...order, yes: true, answers: ended.run });
  return follow(context, nats, { order, status: goesOn, options });
}

async function askPerson({ pair, why }: RunStatus): Promise<boolean> {
  const line = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await line.question(`${pair.name}: ${why ?? ''}. Go on? [y/N] `);
  line.close();
  return /^y(es)?$/i.test(answer.trim());
}

async function cancel({ terminal }: CliContext, nats: Nats, pairs: readonly string[]): Promise<ExitCode> {
  const ended: RunStatus[] = [];
  for (const pair of pairs) {
    const cancelled = await cancelReconcile(nats, pair);
    if (cancelled) ended.push(cancelled);
    terminal.print(
      cancelled ? `${pc.green('✓')} cancelled: ${pair}, ${describeRun(cancelled)}` : `Of ${pair} none runs.`,
    );
  }
  terminal.printJson(ended);
  return ended.length > 0 ? EXIT.ok : EXIT.problem;
}
