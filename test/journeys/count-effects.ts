/** What a plugin did, line by line: `<id> <version> <type>`. */
export interface EffectCounts {
  /** By record: its versions in the order of their first effects. */
  versions: Map<string, number[]>;
  /** Effects that came although a later one of the same record had been there already. */
  overtaken: number;
  /** Effects that came more than once, each time but the first. */
  repeated: number;
}

export function countEffects(lines: readonly string[]): EffectCounts {
  const versions = new Map<string, number[]>();
  let [overtaken, repeated] = [0, 0];
  for (const line of lines) {
    const [id, text] = line.split(' ') as [string, string];
    const version = Number(text);
    const seen = versions.get(id) ?? [];
    if (seen.includes(version)) repeated += 1;
    else {
      if (seen.some((other) => other > version)) overtaken += 1;
      versions.set(id, [...seen, version]);
    }
  }
  return { versions, overtaken, repeated };
}
