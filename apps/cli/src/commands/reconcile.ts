import { Option, type Command } from 'commander';
import { runCommand } from '../command.js';
import { parsePercent, parseWholeNumber } from './parse-options.js';
import { addReconcileList, addReconcileReport } from './reconcile-report.js';

const NOTES = `
It only compares and reports, unless --repair is said. The publisher does it, and goes on by itself whatever becomes of
this command; the same command follows it again. Where it asks, the same command with --yes goes on.
Exit codes: 0 all agree, 1 something differs (also where it was repaired), 4 it asks, failed or was cancelled.`;

export function addReconcile(program: Command): void {
  const reconcile = program
    .command('reconcile')
    .description('Compares CRMs, the mesh and what plugins hold downstream; says why they differ, and repairs.')
    .argument('[pair]', 'a connection (tenant/name) or a plugin (default: all that can be compared)')
    .option('--entity <entity...>', 'only these')
    .option('--record <key>', 'only this record: tenant/connection/entity/id')
    .option('--from <id>', 'only records from this id on, in the order of their escaped ids')
    .option('--to <id>', 'up to this id')
    .addOption(
      new Option('--leg <leg>', 'without a pair: only connections, or only plugins').choices(['crm', 'plugin']),
    )
    .option('--content', 'of a connection: read whole records, so that also a changed mapping shows')
    .option('--repair', 'repair what differs')
    .option('--dry-run', 'only compare, which is the default')
    .option('--max-repairs <number>', 'ask after so many repairs (default: 10000)', parseWholeNumber)
    .option(
      '--max-calls <number>',
      'ask after so many requests to the CRM or the plugin (default: 100000)',
      parseWholeNumber,
    )
    .option('--max-percent <number>', 'ask before repairs where more differ (default: 5)', parsePercent)
    .option('-y, --yes', 'do not ask; or go on with what asked')
    .option('--cancel', 'ends the one that runs')
    .option('--no-follow', 'begins it, and does not wait for its end')
    .option('--html <file>', 'also write the reports as a page, in one file')
    .option('--as <who>', 'who does it, for CRM_AUDIT (default: user@machine)')
    .addHelpText('after', NOTES);
  addReconcileReport(reconcile);
  addReconcileList(reconcile);
  runCommand(reconcile, async () => (await import('../work/reconcile.js')).reconcilePairs);
}
