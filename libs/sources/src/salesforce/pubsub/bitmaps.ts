/** The fields of a record in the order of its schema; of a compound field also its parts. */
export interface SchemaField {
  name: string;
  parts?: readonly string[];
}

/**
 * The names that a list of bitmaps stands for: `0x…` over the fields of the schema, `<position>-0x…` over the parts of
 * the compound field at that position. The lowest bit is the first field.
 */
export function readBitmaps(bitmaps: readonly string[], fields: readonly SchemaField[]): string[] {
  return bitmaps.flatMap((bitmap) => {
    const [, position, hex] = /^(?:(\d{1,5})-)?0x([0-9A-Fa-f]+)$/.exec(bitmap) ?? [];
    // In JSON over CometD, names stand there as they are.
    if (hex === undefined) return [bitmap];
    const parent = position === undefined ? undefined : fields[Number(position)];
    const names = position === undefined ? fields.map(({ name }) => name) : (parent?.parts ?? []);
    return pickNames(hex, names).map((name) => (parent ? `${parent.name}.${name}` : name));
  });
}

function pickNames(hex: string, names: readonly string[]): string[] {
  const bits = BigInt(`0x${hex}`);
  return names.filter((_name, index) => (bits >> BigInt(index)) % 2n === 1n);
}
