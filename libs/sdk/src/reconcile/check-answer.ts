import { MeshError, type DigestsAnswer, type DigestsQuestion, type PageAnswer } from '@crm-mesh/contract';

/** A page is cut before it is larger: JSON adds two bytes a line, and servers take messages of 1 MiB by default. */
const LARGEST_PAGE = 600 * 1024;

/** Throws MESH_RECONCILE_INVALID. */
export function readPage(answer: unknown): PageAnswer {
  const { packed, after } = (answer ?? {}) as Record<string, unknown>;
  if (typeof packed !== 'string') return refuse('a page has no text packed');
  if (after === undefined) return { packed };
  if (typeof after !== 'string' || packed === '') return refuse('a page that names its last place has a line at least');
  return { packed, after };
}

/** At the end of a line, and not between two of the same place. */
export function cutPage(page: PageAnswer): PageAnswer {
  if (page.packed.length <= LARGEST_PAGE) return page;
  let end = page.packed.lastIndexOf('\n', LARGEST_PAGE);
  // What begins behind the end belongs to the same place as what ends there.
  while (end > 0 && placeAt(page.packed, end + 1) === placeAt(page.packed, page.packed.lastIndexOf('\n', end - 1) + 1))
    end = page.packed.lastIndexOf('\n', end - 1);
  if (end <= 0) return page;
  const packed = page.packed.slice(0, end);
  return { packed, after: placeAt(packed, packed.lastIndexOf('\n') + 1) };
}

function placeAt(packed: string, start: number): string {
  return packed.slice(start, packed.indexOf('\t', start));
}

/** Throws MESH_RECONCILE_INVALID. */
export function checkDigests(answer: unknown, { ranges }: DigestsQuestion): DigestsAnswer {
  const { digests } = (answer ?? {}) as Partial<DigestsAnswer>;
  const isWhole = Array.isArray(digests) && digests.length === ranges.length;
  if (!isWhole || !digests.every((each) => Number.isInteger(each.records) && /^-?\d+$/.test(each.digest)))
    return refuse('there is not one digest for each range');
  return { digests };
}

function refuse(what: string): never {
  throw new MeshError('MESH_RECONCILE_INVALID', `The answer of the plugin cannot be used: ${what}.`);
}
