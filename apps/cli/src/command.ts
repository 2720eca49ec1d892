import type { Command } from 'commander';
import { createCliContext, type CliContext, type GlobalOptions } from './cli-context.js';
import type { ExitCode } from './exit-code.js';

/** A command's work: its options, then its arguments as commander gives them. */
type CommandWork<O, Args extends unknown[]> = (context: CliContext, options: O, ...args: Args) => Promise<ExitCode>;

/**
 * Hands the work to commander: its exit code becomes the process's, its errors are told to people or as JSON. The work is
 * loaded when it is to run: help, and what is not understood, need none of it.
 */
export function runCommand<O extends object, Args extends unknown[]>(
  command: Command,
  load: () => Promise<CommandWork<O, Args>>,
): Command {
  return command.action(async (...all: unknown[]) => {
    const args = all.slice(0, -2) as Args;
    const options = command.optsWithGlobals<O & GlobalOptions>();
    const context = createCliContext(options);
    try {
      const work = await load();
      process.exitCode = await work(context, options, ...args);
    } catch (error) {
      const { chooseExitCode, describeError, renderError } = await import('./output/describe-error.js');
      if (context.terminal.json) context.terminal.printJson({ error: describeError(error) });
      else context.terminal.complain(renderError(error, { debug: options.debug ?? false }));
      process.exitCode = chooseExitCode(error);
    }
  });
}
