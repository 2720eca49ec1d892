import { expect, it } from 'vitest';
import { describeUsage, wantsJson } from './describe-usage.js';

const help = '`mesh --help` lists commands and options.';

it.each([
  [
    'unknownCommand',
    "error: unknown command 'stats'\n(Did you mean status?)",
    "Unknown command 'stats'.",
    'Did you mean status?',
  ],
  ['unknownOption', "error: unknown option '--nope'", "Unknown option '--nope'.", help],
  [
    'invalidArgument',
    "error: option '--limit <number>' argument 'x' is invalid. It must be a whole number from 1.",
    "Option '--limit <number>' argument 'x' is invalid. It must be a whole number from 1.",
    help,
  ],
  ['help', '(outputHelp)', 'No command was named.', help],
])('%s', (code, message, what, cure) => {
  expect(describeUsage({ code: `commander.${code}`, message })).toEqual({ code: 'MESH_USAGE', what, cure });
});

it.each([
  [['--json', 'status'], true],
  [['status', '--json'], true],
  [['status'], false],
  [['plugin', 'new', '--', '--json'], false],
])('%j wants JSON: %s', (args, expected) => expect(wantsJson(args)).toBe(expected));
