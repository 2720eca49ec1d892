import type { Command } from 'commander';
import pc from 'picocolors';
import type { Nats } from '@crm-mesh/jetstream';
import type { CliContext } from '../cli-context.js';
import { runCommand } from '../command.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { withMesh } from '../mesh/connect-mesh.js';
import { beginRebuild, cancelRebuild, followRebuild, type RebuildGoal } from '../mesh/follow-rebuild.js';
import { nameActor } from '../mesh/name-actor.js';
import { describeFindings, describeProgress, isClean } from '../output/describe-rebuild.js';

interface RebuildOptions {
  cancel?: boolean;
  follow: boolean;
  as?: string;
}

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
  runCommand<RebuildOptions>(command, (context, options) =>
    withMesh(context, (nats) =>
      options.cancel ? cancel(context, nats) : rebuild(context, nats, { goal, ...options }),
    ),
  );
}

async function rebuild(
  { terminal }: CliContext,
  nats: Nats,
  { goal, follow, as }: RebuildOptions & { goal: RebuildGoal },
): Promise<ExitCode> {
  const begun = await beginRebuild(nats, { goal, by: nameActor(as) });
  if (!follow) {
    terminal.printJson(begun);
    terminal.print(`It runs; mesh ledger ${goal} follows it.`);
    return EXIT.ok;
  }
  terminal.remark(pc.dim(`It goes on without this command, too; to end it: mesh ledger ${goal} --cancel`));
  let said = '';
  const status = await followRebuild(nats, begun.run, (now, pace) => {
    const text = now ? describeProgress(now, pace) : 'no publisher answers; it goes on when one is back';
    if (text !== said) terminal.remark(pc.dim(text));
    said = text;
  });
  terminal.printJson(status);
  if (status.ended?.how !== 'over') {
    terminal.print(`${pc.yellow('cancelled:')} the ledger is as it was.`);
    return EXIT.problem;
  }
  const isWell = goal === 'rebuild' || isClean(status);
  terminal.print(`${isWell ? pc.green('✓') : pc.red('✗')} ${describeFindings(status).join('\n  ')}`);
  return isWell ? EXIT.ok : EXIT.problem;
}

async function cancel({ terminal }: CliContext, nats: Nats): Promise<ExitCode> {
  const cancelled = await cancelRebuild(nats);
  terminal.printJson(cancelled);
  terminal.print(cancelled ? `${pc.green('✓')} cancelled; the ledger is as it was.` : 'None runs.');
  return cancelled ? EXIT.ok : EXIT.problem;
}
