import { OBJECT_TYPES, type ObjectType } from './object-types.js';

/** A number from 0 (included) to 1 (excluded). */
export type Random = () => number;

/**
 * Ids of 12 digits, rising by irregular steps. All types begin with the same one: ids are unique only within their
 * type, and who mixes types up shall notice.
 */
const FIRST_ID = 128_850_143_501;
const LONGEST_STEP = 97;

export function createIdDrawer(random: Random): (type: ObjectType) => string {
  const next = new Map<ObjectType, number>(OBJECT_TYPES.map((type) => [type, FIRST_ID]));
  return (type) => {
    const id = next.get(type) ?? FIRST_ID;
    next.set(type, id + 1 + Math.floor(random() * LONGEST_STEP));
    return String(id);
  };
}
