import { MeshError, type RecordPlace } from '@crm-mesh/contract';

/** A record on which two pages do not agree. */
export interface Difference {
  place: RecordPlace;
  /** Its mark on the side that is right; absent: it is not there. */
  expected?: string;
  /** Its marks on the other side: none where it is missing, several where it lies there more than once. */
  found: readonly string[];
}

/** Whether both sides have it once, and the same. */
export function agree(expected: string | undefined, found: readonly string[]): boolean {
  return expected === undefined ? found.length === 0 : found.length === 1 && found[0] === expected;
}

/** Two pages in the order of places, up to and with a place; absent: to their ends. Throws MESH_RECONCILE_INVALID. */
export function comparePacked(expected: string, found: string, upTo?: RecordPlace): Difference[] {
  const differences: Difference[] = [];
  const left = new PageReader(expected, upTo);
  const right = new PageReader(found, upTo);
  while (left.place !== undefined || right.place !== undefined) {
    const place = firstOf(left.place, right.place);
    const [mark] = left.take(place);
    const marks = right.take(place);
    if (!agree(mark, marks))
      differences.push({ place, ...(mark === undefined ? {} : { expected: mark }), found: marks });
  }
  return differences;
}

/** How many records a page has. */
export function countLines(packed: string): number {
  if (packed === '') return 0;
  let lines = 1;
  for (let at = packed.indexOf('\n'); at !== -1; at = packed.indexOf('\n', at + 1)) lines++;
  return lines;
}

/** By place. */
export function readPacked(packed: string): Map<RecordPlace, string[]> {
  const marks = new Map<RecordPlace, string[]>();
  for (const reader = new PageReader(packed); reader.place !== undefined;)
    marks.set(reader.place, reader.take(reader.place));
  return marks;
}

/** Line by line; a copy of all lines would cost more than all that is done with them. */
class PageReader {
  /** Of the next line; undefined behind the last. */
  place: RecordPlace | undefined;
  private mark = '';
  private start = 0;

  constructor(
    private readonly packed: string,
    private readonly upTo?: RecordPlace,
  ) {
    this.read();
  }

  /** The marks of all lines of the place, if it is next. */
  take(place: RecordPlace): string[] {
    const marks: string[] = [];
    while (this.place === place) {
      marks.push(this.mark);
      this.read();
    }
    return marks;
  }

  private read(): void {
    const { packed, start, upTo, place: former } = this;
    this.place = undefined;
    if (start >= packed.length) return;
    const tab = packed.indexOf('\t', start);
    const end = packed.indexOf('\n', start);
    const stop = end === -1 ? packed.length : end;
    if (tab === -1 || tab > stop) return refuse('a line has no tab');
    const place = packed.slice(start, tab);
    if (former !== undefined && place < former) return refuse(`"${place}" stands behind "${former}"`);
    this.start = stop + 1;
    if (upTo !== undefined && place > upTo) return;
    this.mark = packed.slice(tab + 1, stop);
    this.place = place;
  }
}

function firstOf(left: RecordPlace | undefined, right: RecordPlace | undefined): RecordPlace {
  if (left === undefined || right === undefined) return (left ?? right)!;
  return left < right ? left : right;
}

function refuse(what: string): never {
  throw new MeshError('MESH_RECONCILE_INVALID', `A page cannot be read: ${what}.`);
}
