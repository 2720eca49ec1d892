import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createProgram } from '../../apps/cli/src/program.js';
import { listSources, readManifest, readText, ROOT } from '../house/repository.js';
import { MESH_ERRORS } from '@crm-mesh/contract';
import { listDocuments, listFences, listInlineCode } from './markdown.js';

type Command = Awaited<ReturnType<typeof createProgram>>;

// The command line's own copy: another release may lie at the root.
const commander = createRequire(join(ROOT, 'apps/cli/package.json'))('commander') as { Command: new () => Command };
const program = await createProgram(new commander.Command());

const PREFIX = /^(?:npx )?mesh(?= |$)/;

interface Mention {
  where: string;
  text: string;
}

const inDocuments: Mention[] = listDocuments().flatMap((file) =>
  listInlineCode(file).map((text) => ({ where: file, text })),
);
const inBlocks: Mention[] = listFences('sh').flatMap(({ file, line, text }) =>
  text
    .replaceAll('\\\n', ' ')
    .split('\n')
    .map((command) => ({ where: `${file}:${line}`, text: command.replace(/\s+#.*$/, '').trim() })),
);
const inErrors: Mention[] = Object.entries(MESH_ERRORS).flatMap(([code, { meaning, cure }]) =>
  [...`${meaning} ${cure}`.matchAll(/`([^`]+)`/g)].map((match) => ({ where: code, text: match[1] ?? '' })),
);

/** Undefined when the line is a command that there is. */
function findMistake(line: string): string | undefined {
  let command = program;
  const words = line
    .replace(PREFIX, '')
    .trim()
    .split(/\s+/)
    .filter((word) => word !== '');
  let isDeep = false;
  for (const word of words) {
    const option = /^(--?[a-z][\w-]*)/.exec(word)?.[1];
    if (option !== undefined) {
      if (!listOptions(command).includes(option)) return `${command.name()} has no option ${option}`;
      continue;
    }
    if (isDeep) continue;
    const next = command.commands.find((candidate) => candidate.name() === word);
    if (next) command = next;
    // A command may have both: a word that names no command of its own is its argument.
    else if (command.commands.length > 0 && command.registeredArguments.length === 0)
      return `${command.name()} has no command ${word}`;
    else isDeep = true;
  }
  return undefined;
}

function listOptions(command: Command): string[] {
  const own = command.options.flatMap((option) => [option.long ?? '', option.short ?? '']);
  return [...own, '--help', '-h', ...(command.parent ? listOptions(command.parent) : ['--version', '-V'])];
}

it('mentions only `mesh` commands and options that there are', () => {
  const mentions = [...inDocuments, ...inBlocks, ...inErrors].filter(({ text }) => PREFIX.test(text));
  expect(mentions.length).toBeGreaterThan(30);
  const mistakes = mentions.flatMap(({ where, text }) => {
    // `mesh plugin new|list` names several.
    const mistake = text.includes('|') ? undefined : findMistake(text);
    return mistake === undefined ? [] : [`${where}: ${text}: ${mistake}`];
  });
  expect(mistakes).toEqual([]);
});

it('mentions only npm scripts that there are', () => {
  const { scripts = {} } = readManifest('.');
  const used = [...inDocuments, ...inBlocks].flatMap(
    ({ text }) => /^npm (?:run )?(start|test|(?<=run )\S+)/.exec(text)?.[1] ?? [],
  );
  expect(used).toContain('start');
  expect(used.filter((name) => !(name in scripts))).toEqual([]);
});

it('mentions only codes of the error table', () => {
  const mentioned = listDocuments().flatMap((file) => readText(file).match(/\bMESH_[A-Z_]+\b/g) ?? []);
  const code = listSources({ specs: false }).map(readText).join('\n');
  const others = [...new Set(mentioned)].filter((name) => !(name in MESH_ERRORS));
  // The rest are variables.
  expect(others.filter((name) => !new RegExp(`\\b${name}\\b`).test(code + readText('docker/mesh.yaml')))).toEqual([]);
});
