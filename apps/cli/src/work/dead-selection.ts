import { createInterface } from 'node:readline/promises';
import { MeshError } from '@crm-mesh/contract';
import type { Nats } from '@crm-mesh/jetstream';
import { narrows, type DeadLetterQuery } from '../mesh/dead-letter-query.js';
import { readDeadLetter, readDeadLetters, type OpenDeadLetter } from '../mesh/dead-letters.js';
import type { LetterPlace } from '../mesh/plan-redrive.js';
import type { Terminal } from '../output/terminal.js';

/** What a command that works on dead letters was told of them. */
export interface SelectionOptions extends DeadLetterQuery {
  all?: boolean;
}

/** Throws MESH_USAGE where nothing is named, MESH_DEAD_LETTER_MISSING where a sequence is not there. */
export async function select(nats: Nats, options: SelectionOptions, sequences: number[]): Promise<LetterPlace[]> {
  if (sequences.length > 0) {
    const letters = await Promise.all(sequences.map((sequence) => readDeadLetter(nats, sequence)));
    return letters.map((letter, index) => {
      if (letter === undefined) throw describeMissing(sequences[index] ?? 0);
      return describePlace(letter);
    });
  }
  if (!options.all && !narrows(options)) {
    throw new MeshError('MESH_USAGE', 'Nothing was named.', {
      cure: 'Name sequences, --consumer, --group, --record, --since, --until or --all.',
    });
  }
  const places: LetterPlace[] = [];
  for await (const letter of readDeadLetters(nats, options)) places.push(describePlace(letter));
  return places;
}

function describePlace({ consumer, sequence, original }: OpenDeadLetter): LetterPlace {
  return { consumer, sequence, originalSequence: original.sequence };
}

export function describeMissing(sequence: number): MeshError {
  return new MeshError('MESH_DEAD_LETTER_MISSING', `There is no open dead letter ${sequence}.`);
}

/** `Redrive 17 dead letters to a, b? [y/N]` */
export async function askPerson({ interactive }: Terminal, verb: string, letters: LetterPlace[]): Promise<boolean> {
  if (!interactive) return false;
  const consumers = [...new Set(letters.map((letter) => letter.consumer))].join(', ');
  const line = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await line.question(`${verb} ${letters.length} dead letters of ${consumers}? [y/N] `);
  line.close();
  return /^y(es)?$/i.test(answer.trim());
}
