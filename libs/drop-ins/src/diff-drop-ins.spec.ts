import { describe, expect, it } from 'vitest';
import { diffDropIns, type KnownDropIn } from './diff-drop-ins.js';
import type { DropIn } from './drop-in.js';

const A: DropIn = { kind: 'plugin', name: 'a', file: '/p/a.plugin.ts' };
const B: DropIn = { kind: 'plugin', name: 'b', file: '/p/b.plugin.ts' };
const KNOWN_A = { dropIn: A, inputs: new Set(['/p/a.plugin.ts', '/p/shared.ts']) };
const BROKEN_A = { dropIn: A, inputs: 'any' as const };

describe('diffDropIns', () => {
  it.each<[label: string, KnownDropIn[], DropIn[], touched: string[], expected: [string, DropIn][]]>([
    ['nothing', [KNOWN_A], [A], [], []],
    ['a new one', [KNOWN_A], [A, B], [B.file], [['added', B]]],
    ['its file', [KNOWN_A], [A], [A.file], [['changed', A]]],
    ['a file that it imports', [KNOWN_A], [A], ['/p/shared.ts'], [['changed', A]]],
    ['a file that it does not import', [KNOWN_A], [A], ['/p/other.ts'], []],
    ['any file, when it could not be loaded', [BROKEN_A], [A], ['/p/other.ts'], [['changed', A]]],
    ['no file, when it could not be loaded', [BROKEN_A], [A], [], []],
    ['removal', [KNOWN_A], [], [A.file], [['removed', A]]],
    [
      'a rename',
      [KNOWN_A],
      [B],
      [A.file, B.file],
      [
        ['removed', A],
        ['added', B],
      ],
    ],
  ])('%s', (_, ...[known, found, touched, expected]) => {
    const events = diffDropIns(known, found, new Set(touched));
    expect(events.map(({ kind, dropIn }) => [kind, dropIn])).toEqual(expected);
  });
});
