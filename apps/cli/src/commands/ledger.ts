import type { Command } from 'commander';
import { runCommand } from '../command.js';
import type { RebuildGoal } from '../mesh/follow-rebuild.js';

const NOTES = `
The publisher does it beside the ledger that is used, and goes on by itself whatever becomes of this command; the same
command follows it again. What is live goes on meanwhile.`;

export function addLedger(program: Command): void {
  const ledger = program.command('ledger').description('The ledger: what the mesh knows of each record.');
  addGoal(ledger, 'rebuild', 'Builds the ledger anew from the events in CRM_EVENTS, and says what it had otherwise.');
  addGoal(ledger, 'verify', 'Compares the ledger with the events in CRM_EVENTS; exits with 1 when something differs.');
}

function addGoal(ledger: Command, goal: RebuildGoal, description: string): void {
  const command = ledger
    .command(goal)
    .description(description)
    .option('--cancel', 'ends the one that runs; the ledger stays as it is')
    .option('--no-follow', 'begins it, and does not wait for its end')
    .option('--as <who>', 'who does it, for CRM_AUDIT (default: user@machine)')
    .addHelpText('after', NOTES);
  runCommand(command, async () => (await import('../work/ledger.js')).GOALS[goal]);
}
