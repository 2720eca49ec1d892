import pc from 'picocolors';
import type { Nats } from '@crm-mesh/jetstream';
import type { CliContext } from '../cli-context.js';
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

/** What `mesh ledger …` does for each goal. */
export const GOALS = { rebuild: pursue('rebuild'), verify: pursue('verify') };

function pursue(goal: RebuildGoal): (context: CliContext, options: RebuildOptions) => Promise<ExitCode> {
  return (context, options) =>
    withMesh(context, (nats) =>
      options.cancel ? cancel(context, nats) : rebuild(context, nats, { goal, ...options }),
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
