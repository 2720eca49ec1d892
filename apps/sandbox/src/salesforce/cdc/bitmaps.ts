/**
 * Field names as the Pub/Sub API packs them: a bitmap over the schema's fields (the least significant bit is the first
 * field), and one for each compound field over its parts, `5-0x0A`.
 */
export function packFields(
  names: readonly string[],
  schema: { fields: readonly string[]; partsOf(field: string): readonly string[] },
): string[] {
  const parts = new Map<string, string[]>();
  for (const name of names) {
    const [field = '', part] = name.split('.');
    if (part !== undefined) parts.set(field, [...(parts.get(field) ?? []), part]);
  }
  const plain = names.filter((name) => !name.includes('.'));
  return [
    ...(plain.length > 0 ? [toBitmap(plain, schema.fields)] : []),
    ...[...parts].map(([field, of]) => `${schema.fields.indexOf(field)}-${toBitmap(of, schema.partsOf(field))}`),
  ];
}

function toBitmap(names: readonly string[], among: readonly string[]): string {
  const bits = names.reduce((sum, name) => sum | (1n << BigInt(among.indexOf(name))), 0n);
  const hex = bits.toString(16).toUpperCase();
  return `0x${hex.length % 2 === 0 ? hex : `0${hex}`}`;
}
