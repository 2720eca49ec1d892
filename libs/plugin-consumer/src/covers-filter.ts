/** Whether everything that `wanted` matches is matched by `live` too. Several filters, comma between, are each looked at. */
export function coversFilter(live: string, wanted: string): boolean {
  return live === '' || live.split(',').some((filter) => coversTokens(filter.trim().split('.'), wanted.split('.')));
}

function coversTokens(live: readonly string[], wanted: readonly string[]): boolean {
  for (const [index, token] of live.entries()) {
    const other = wanted[index];
    if (token === '>') return other !== undefined;
    if (other === undefined || other === '>') return false;
    if (token !== '*' && token !== other) return false;
  }
  return live.length === wanted.length;
}
