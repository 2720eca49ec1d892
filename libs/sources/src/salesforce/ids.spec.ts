import { expect, it } from 'vitest';
import { readSampleJson } from '../../test/context.js';
import { toId18 } from './ids.js';

const { vectors } = readSampleJson<{ vectors: { id15: string; id18: string }[] }>('salesforce/id-vectors.json');

it.each(vectors)('$id15 is $id18', ({ id15, id18 }) => {
  expect(toId18(id15)).toBe(id18);
  expect(toId18(id18)).toBe(id18);
});

it('mends the case-safe end of an id in 18 characters', () => {
  expect(toId18('0068d00000GmYt4aaf')).toBe('0068d00000GmYt4AAF');
});

it.each(['003*', '', "0068d00000GmYt'", '0068d00000GmYt4A', '0068d00000GmYt4AAF\n', 42, undefined])(
  '%j is no id',
  (id) => {
    expect(toId18(id)).toBeUndefined();
  },
);
