/** `2.14.0-RC.1` counts as 2.14.0. */
export function isAtLeast(version: string, least: string): boolean {
  const [a, b] = [readNumbers(version), readNumbers(least)];
  for (const [index, wanted] of b.entries()) {
    const own = a[index] ?? 0;
    if (own !== wanted) return own > wanted;
  }
  return true;
}

function readNumbers(version: string): number[] {
  return (/^v?(\d+(?:\.\d+)*)/.exec(version)?.[1] ?? '0').split('.').map(Number);
}
