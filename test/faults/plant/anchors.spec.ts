import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { applyEdits, BUGS, editOfFailpoint, editsOfBug, FAILPOINTS, type Edit } from './index.js';

const ROOT = join(import.meta.dirname, '../../..');

/** All edits of one name at once, file by file. Throws where one does not fit the compiled code. */
function applyAll(edits: Edit[]): void {
  for (const file of new Set(edits.map((edit) => edit.file))) {
    const fitting = edits.filter((edit) => edit.file === file);
    // Parsed too: in the middle of an expression nothing fits.
    const planted = applyEdits(readFileSync(join(ROOT, file), 'utf8'), fitting);
    expect(ts.transpileModule(planted, { reportDiagnostics: true }).diagnostics).toEqual([]);
  }
}

describe.runIf(existsSync(join(ROOT, 'libs/delivery/dist')))('what is planted fits the compiled code', () => {
  it.each(Object.keys(FAILPOINTS))('failpoint %s', (name) => applyAll([editOfFailpoint(name)]));
  it.each(Object.keys(BUGS))('bug %s', (name) => applyAll(editsOfBug(name)));
});

describe('applyEdits', () => {
  const edit = { name: 'a-point', file: 'a.js', find: 'b();', replace: 'x(); b();' };

  it('puts the code at the text', () => expect(applyEdits('a(); b(); c();', [edit])).toBe('a(); x(); b(); c();'));
  it.each([
    ['is missing', 'a();', '0 times'],
    ['is there twice', 'b(); b();', '2 times'],
  ])('refuses when the text %s', (_case, source, reason) => {
    expect(() => applyEdits(source, [edit])).toThrow(`a-point: \`b();\` occurs ${reason} in a.js, not once`);
  });
  it('awaits at a failpoint, and calls it in place where nothing may be awaited', () => {
    expect(editOfFailpoint('receive.before-answer').replace).toBe(
      ' await globalThis.reachFailpoint("receive.before-answer"); await reply.status(202)',
    );
    expect(editOfFailpoint('settle.before-ack').replace).toContain('globalThis.reachFailpoint("settle.before-ack");');
  });
  it('knows no other names', () => {
    expect(() => editOfFailpoint('nowhere')).toThrow('there is no failpoint "nowhere"');
    expect(() => editsOfBug('none')).toThrow('there is no bug "none"');
  });
});
