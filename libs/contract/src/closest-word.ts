import { closest, distance } from 'fastest-levenshtein';

/** The one of `known` that the author of `word` may have meant: at most two letters, or a third of them, away. */
export function findClosestWord(word: string, known: readonly string[]): string | undefined {
  const nearest = closest(word, known);
  return distance(word.toLowerCase(), nearest.toLowerCase()) <= Math.max(2, word.length / 3) ? nearest : undefined;
}
