import { describe, expect, it } from 'vitest';
import { MESH_ERRORS, MeshError } from './errors.js';

describe('MESH_ERRORS', () => {
  it('is sorted by code', () => {
    const codes = Object.keys(MESH_ERRORS);
    expect(codes).toEqual([...codes].toSorted());
  });

  it.each(Object.entries(MESH_ERRORS))('%s says what it means and how to mend it', (code, { meaning, cure }) => {
    expect(code).toMatch(/^MESH(_[A-Z]+)+$/);
    expect(meaning).toMatch(/\.$/);
    expect(cure).toMatch(/\.$/);
  });

  it('stands whole in the message of an error', () => {
    const error = new MeshError('MESH_ID_EMPTY', 'The tenant is empty.');
    expect(error.message).toBe(`MESH_ID_EMPTY: The tenant is empty. ${MESH_ERRORS.MESH_ID_EMPTY.cure}`);
    expect(error.cure).toBe(MESH_ERRORS.MESH_ID_EMPTY.cure);
  });
});
