import { expect, it } from 'vitest';
import { digestMark } from './digest-mark.js';

// In Python: int.from_bytes(hashlib.sha256(f"{place}\t{mark}".encode()).digest()[:5], "big")
it.each([
  ['4711', 1, 761121214805],
  ['4711', '1', 761121214805],
  ['4711', 2, 512084673437],
  ['%C3%A4%20b', 12, 196785411518],
  ['a', 'f3d_wW8ifuaAh55y', 556804426391],
])('%s at %s', (place, mark, digest) => {
  expect(digestMark(place, mark)).toBe(digest);
});
