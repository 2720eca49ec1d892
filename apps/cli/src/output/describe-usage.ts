import type { CommanderError } from 'commander';
import type { DescribedError } from './describe-error.js';

/** Read before commander reads it: what is not understood may be that very line. */
export function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return args.slice(0, end === -1 ? args.length : end).includes('--json');
}

/** commander's own words: `error: unknown command 'stats'` and, in a line of its own, `(Did you mean status?)`. */
export function describeUsage({ code, message }: Pick<CommanderError, 'code' | 'message'>): DescribedError {
  const help = '`mesh --help` lists commands and options.';
  if (code === 'commander.help') return { code: 'MESH_USAGE', what: 'No command was named.', cure: help };
  const [first = '', ...rest] = message.replace(/^error: /, '').split('\n');
  const what = first.replace(/^./, (letter) => letter.toUpperCase());
  const cure = rest.join(' ').replace(/^\((.*)\)$/, '$1');
  return { code: 'MESH_USAGE', what: /[.!?]$/.test(what) ? what : `${what}.`, cure: cure || help };
}
