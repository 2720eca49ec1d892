import type { Command } from 'commander';
import { createCliContext, type CliContext, type GlobalOptions } from './cli-context.js';
import type { ExitCode } from './exit-code.js';
import { chooseExitCode, describeError, renderError } from './output/describe-error.js';

/** A command's work: arguments as commander gives them, then its options. */
export type CommandWork<Args extends unknown[], O> = (
  context: CliContext,
  options: O,
  ...args: Args
) => Promise<ExitCode>;

/** Hands the work to commander: its exit code becomes the process's, its errors are told to people or as JSON. */
export function runCommand<O extends object = object, Args extends unknown[] = []>(
  command: Command,
  work: CommandWork<Args, O>,
): Command {
  return command.action(async (...all: unknown[]) => {
    const args = all.slice(0, -2) as Args;
    const options = command.optsWithGlobals<O & GlobalOptions>();
    const context = createCliContext(options);
    try {
      process.exitCode = await work(context, options, ...args);
    } catch (error) {
      if (context.terminal.json) context.terminal.printJson({ error: describeError(error) });
      else context.terminal.complain(renderError(error, { debug: options.debug ?? false }));
      process.exitCode = chooseExitCode(error);
    }
  });
}
