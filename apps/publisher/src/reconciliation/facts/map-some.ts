const AT_ONCE = 16;

/** As `Promise.all` over all of them, but only some at once. */
export async function mapSome<One, Result>(
  all: readonly One[],
  work: (one: One) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (let start = 0; start < all.length; start += AT_ONCE)
    results.push(...(await Promise.all(all.slice(start, start + AT_ONCE).map(work))));
  return results;
}
