import { closest, distance } from 'fastest-levenshtein';

/** The known name that was probably meant; undefined when none is near. */
export function suggestName(name: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const lowerCase = new Map(known.map((candidate) => [candidate.toLowerCase(), candidate]));
  const nearest = closest(name.toLowerCase(), [...lowerCase.keys()]);
  const farthest = Math.max(2, Math.floor(name.length / 3));
  return distance(name.toLowerCase(), nearest) <= farthest ? lowerCase.get(nearest) : undefined;
}
