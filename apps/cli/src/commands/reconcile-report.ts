import type { Command } from 'commander';
import { runCommand } from '../command.js';

export function addReconcileReport(reconcile: Command): void {
  const report = reconcile
    .command('report')
    .description('Shows the report of a run again, or of one that still runs.')
    .argument('[run]', 'default: the newest')
    .option('--pair <name>', 'the newest of this connection or plugin')
    .option('--html <file>', 'also as a page, in one file');
  runCommand(report, async () => (await import('../work/reconcile-report.js')).showReport);
}

export function addReconcileList(reconcile: Command): void {
  const list = reconcile
    .command('list')
    .description('Lists the runs that are kept: 50 of each pair.')
    .argument('[pair]', 'a connection (tenant/name) or a plugin (default: all)');
  runCommand(list, async () => (await import('../work/reconcile-report.js')).showRuns);
}
