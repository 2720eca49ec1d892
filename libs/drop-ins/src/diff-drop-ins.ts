import type { DropIn } from './drop-in.js';

export interface DropInEvent {
  kind: 'added' | 'changed' | 'removed';
  dropIn: DropIn;
}

/** A drop-in, and the files that it was last made of. */
export interface KnownDropIn {
  dropIn: DropIn;
  /** `any`: it could not be loaded, and whatever changes may be what it lacked. */
  inputs: ReadonlySet<string> | 'any';
}

/** What happened between two looks at the folders; removals first, so that a moved plugin frees its name before it is added. */
export function diffDropIns(
  known: readonly KnownDropIn[],
  found: readonly DropIn[],
  touched: ReadonlySet<string>,
): DropInEvent[] {
  const foundFiles = new Set(found.map((dropIn) => dropIn.file));
  const knownByFile = new Map(known.map((entry) => [entry.dropIn.file, entry]));
  const removed = known.filter(({ dropIn }) => !foundFiles.has(dropIn.file));
  const stayed = found.map((dropIn) => ({ dropIn, before: knownByFile.get(dropIn.file) }));
  return [
    ...removed.map(({ dropIn }): DropInEvent => ({ kind: 'removed', dropIn })),
    ...stayed.flatMap(({ dropIn, before }): DropInEvent[] => {
      if (!before) return [{ kind: 'added', dropIn }];
      return isTouched(before, touched) ? [{ kind: 'changed', dropIn }] : [];
    }),
  ];
}

function isTouched({ dropIn, inputs }: KnownDropIn, touched: ReadonlySet<string>): boolean {
  if (touched.has(dropIn.file)) return true;
  return inputs === 'any' ? touched.size > 0 : [...touched].some((path) => inputs.has(path));
}
