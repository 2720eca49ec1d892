import type { Command } from 'commander';
import { runCommand } from '../command.js';

const NOTES = `
For when the mapping is mended (a changed mesh.yaml holds from the next start of the publisher on). Records are read from the CRM
again; where a source cannot read them, what the CRM has said of them in the last 7 days goes through the mapping again. What can
be read is told, with origin repair; what cannot stays marked. mesh source status shows how many are left.`;

export function addSourceRetell(source: Command): void {
  const retell = source
    .command('retell')
    .description('Tells records again that were told without a field, as it could not be read.')
    .argument('<tenant/connection>')
    .option('--entity <entity>', 'only records of this kind: deal')
    .option('--field <field>', 'only records without this field: amount')
    .option('--as <who>', 'who does it, for CRM_AUDIT (default: user@machine)')
    .addHelpText('after', NOTES);
  runCommand(retell, async () => (await import('../work/source-retell.js')).retellConnection);
}
