import { configure } from 'safe-stable-stringify';

/** JSON with sorted keys: the same text for the same value. Undefined for undefined. Throws on circles. */
export const stringifyCanonical: (value: unknown) => string | undefined = configure({
  deterministic: true,
  circularValue: TypeError,
});
