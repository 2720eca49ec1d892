import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { addChecksum, isId, makeId, readId } from './ids.js';

const SAMPLE = new URL('../../../../test/samples/salesforce/id-vectors.json', import.meta.url);
const { vectors } = JSON.parse(readFileSync(SAMPLE, 'utf8')) as { vectors: { id15: string; id18: string }[] };

describe("Salesforce's ids", () => {
  it.each(vectors)('gives $id15 its checksum', ({ id15, id18 }) => {
    expect(addChecksum(id15)).toBe(id18);
    expect(isId(id15) && isId(id18)).toBe(true);
  });

  it.each(['128850143501', '0', '9007199254740993'])('carries %s there and back', (coreId) => {
    const id = makeId('006', coreId);
    expect(id).toHaveLength(18);
    expect(readId(id)).toEqual({ prefix: '006', coreId, id });
    expect(readId(id.slice(0, 15))).toEqual({ prefix: '006', coreId, id });
  });

  it('rises as the numbers do', () => {
    const ids = [61, 62, 128_850_143_501, 128_850_143_563].map((number) => makeId('003', String(number)));
    expect(ids.toSorted()).toEqual(ids);
  });

  it.each(['', '006', '0068d00000GmYt4AAA', '0068d00000GmYt4-AF', '0069z00000GmYt4'])('refuses %s', (id) => {
    expect(readId(id)).toBeUndefined();
  });
});
