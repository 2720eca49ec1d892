import { hostname, userInfo } from 'node:os';
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import pc from 'picocolors';
import { MeshError } from '@crm-mesh/contract';
import { requestControl, type Nats } from '@crm-mesh/jetstream';
import type { CliContext } from '../cli-context.js';
import { runCommand } from '../command.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { withMesh } from '../mesh/connect-mesh.js';
import { ownerOf } from '../mesh/control.js';
import { readDeadLetter, readDeadLetters, type DeadLetterQuery, type OpenDeadLetter } from '../mesh/dead-letters.js';
import { planRedrive, type RedriveStep } from '../mesh/plan-redrive.js';
import { renderDeadLetter, renderDeadLetters } from '../output/dead-letter-tables.js';
import { collectSequences, parseWholeNumber } from './parse-options.js';

export function addDead(program: Command): void {
  const dead = program.command('dead').description('Dead letters: events that a consumer gave up.');
  const list = dead
    .command('list')
    .description('The open ones, oldest first.')
    .option('--consumer <name>', 'of one plugin, or of the normaliser')
    .option('--limit <number>', 'at most so many', parseWholeNumber, 50);
  runCommand<DeadLetterQuery>(list, listDead);
  const show = dead
    .command('show')
    .description('One of them: its error, attempts and payload.')
    .argument('<sequence>', 'as `dead list` shows it', parseWholeNumber);
  runCommand<object, [number]>(show, showDead);
  const redrive = dead
    .command('redrive')
    .description('Sends dead letters to their consumer again, and to it alone.')
    .argument('[sequences...]', 'as `dead list` shows them', collectSequences)
    .option('--consumer <name>', 'all of one plugin, or of the normaliser')
    .option('--all', 'all there are')
    .option('-y, --yes', 'do not ask');
  runCommand<RedriveOptions, [number[] | undefined]>(redrive, redriveDead);
}

async function listDead(context: CliContext, { consumer, limit = 50 }: DeadLetterQuery): Promise<ExitCode> {
  return withMesh(context, async (nats) => {
    const letters = await collect(nats, { consumer, limit });
    const { messages: total } = await nats.streamState('CRM_DEAD');
    context.terminal.printJson({ total, deadLetters: letters });
    context.terminal.print(renderDeadLetters(letters, total, Date.now()));
    return EXIT.ok;
  });
}

async function showDead(context: CliContext, _options: object, sequence: number): Promise<ExitCode> {
  return withMesh(context, async (nats) => {
    const letter = await readDeadLetter(nats, sequence);
    if (letter === undefined) throw missing(sequence);
    context.terminal.printJson(letter);
    context.terminal.print(renderDeadLetter(letter));
    return EXIT.ok;
  });
}

interface RedriveOptions {
  consumer?: string;
  all?: boolean;
  yes?: boolean;
}

async function redriveDead(context: CliContext, options: RedriveOptions, sequences: number[] = []): Promise<ExitCode> {
  if (sequences.length === 0 && !options.consumer && !options.all) {
    throw new MeshError('MESH_USAGE', 'Nothing was named.', { cure: 'Name sequences, --consumer NAME or --all.' });
  }
  return withMesh(context, async (nats) => {
    const letters = await select(nats, options, sequences);
    if (letters.length === 0) {
      context.terminal.printJson({ redriven: [], missing: [] });
      context.terminal.print('There is nothing to redrive.');
      return EXIT.ok;
    }
    if (!(await confirm(context, options, letters))) return EXIT.problem;
    return sendSteps(context, nats, planRedrive(letters));
  });
}

async function select(nats: Nats, { consumer, all }: RedriveOptions, sequences: number[]): Promise<OpenDeadLetter[]> {
  if (all || consumer) return collect(nats, { consumer });
  const letters = await Promise.all(sequences.map((sequence) => readDeadLetter(nats, sequence)));
  return letters.map((letter, index) => {
    if (letter === undefined) throw missing(sequences[index] ?? 0);
    return letter;
  });
}

async function confirm({ terminal }: CliContext, { yes }: RedriveOptions, letters: OpenDeadLetter[]): Promise<boolean> {
  if (yes || !terminal.interactive || letters.length === 1) return true;
  const consumers = [...new Set(letters.map((letter) => letter.consumer))].join(', ');
  const terminalLine = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminalLine.question(`Redrive ${letters.length} dead letters to ${consumers}? [y/N] `);
  terminalLine.close();
  return /^y(es)?$/i.test(answer.trim());
}

async function sendSteps({ terminal }: CliContext, nats: Nats, steps: readonly RedriveStep[]): Promise<ExitCode> {
  const done = { redriven: [] as number[], missing: [] as number[] };
  const total = steps.reduce((sum, step) => sum + step.sequences.length, 0);
  const by = `${userInfo().username}@${hostname()}`;
  for (const { consumer, sequences } of steps) {
    const request = { consumer, sequences, by };
    const answer = await requestControl<typeof done>(nats, ownerOf(consumer), 'redrive', request, {
      timeoutMs: 30_000,
    });
    done.redriven.push(...answer.redriven);
    done.missing.push(...answer.missing);
    terminal.remark(pc.dim(`${done.redriven.length + done.missing.length} of ${total} (${consumer})`));
  }
  terminal.printJson(done);
  const left = done.missing.length === 0 ? '' : `, ${done.missing.length} could not be: ${done.missing.join(', ')}`;
  terminal.print(`${pc.green('✓')} ${done.redriven.length} redriven${left}`);
  return done.missing.length === 0 ? EXIT.ok : EXIT.problem;
}

async function collect(nats: Nats, query: DeadLetterQuery): Promise<OpenDeadLetter[]> {
  const letters: OpenDeadLetter[] = [];
  for await (const letter of readDeadLetters(nats, query)) letters.push(letter);
  return letters;
}

function missing(sequence: number): MeshError {
  const what = `There is no open dead letter ${sequence}.`;
  return new MeshError('MESH_DEAD_LETTER_MISSING', what);
}
