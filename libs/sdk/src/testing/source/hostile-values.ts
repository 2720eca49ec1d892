/** Bodies that no CRM sends and everybody else may. */
export const HOSTILE_BODIES: Readonly<Record<string, string | Uint8Array>> = {
  'an empty body': '',
  'a blank': ' ',
  null: 'null',
  'a number': '0',
  'a text': '"text"',
  true: 'true',
  'an empty list': '[]',
  'an empty object': '{}',
  'a list of null': '[null]',
  'lists in lists': '[[[]]]',
  'a list of texts': '["a","b"]',
  'lists, 100,000 deep': '['.repeat(100_000),
  'objects, 10,000 deep': `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`,
  'a number of 400 digits': '1'.repeat(400),
  'a number past every double': '{"id":1e999}',
  'no UTF-8': Uint8Array.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]),
  'a NUL': '{"id":"\u0000"}',
  'a prototype': '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
  'half a document': '{"id":',
  'two documents': '{}{}',
  XML: '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
  'a form': 'a=1&b=2',
};

/** What may stand where something else is expected. */
const WRONG_VALUES: readonly unknown[] = [
  undefined,
  null,
  '',
  'wrong',
  -1,
  1e300,
  '9007199254740993',
  true,
  [],
  [null],
  {},
  { id: { id: null } },
];

/** So many places of one sample are tried. */
const MOST_PLACES = 200;

/**
 * A value with one of its parts replaced by something wrong, for each part and each wrong value; of `leaves` only what
 * holds no other.
 */
export function* spoilEachPart(
  value: unknown,
  which: 'all' | 'leaves' = 'all',
): Generator<{ what: string; spoilt: unknown }> {
  for (const path of listPlaces(value, which).slice(0, MOST_PLACES)) {
    for (const wrong of WRONG_VALUES) {
      const told = wrong === undefined ? 'left out' : JSON.stringify(wrong);
      yield { what: `${path.join('.') || 'the whole'}: ${told}`, spoilt: replaceAt(value, path, wrong) };
    }
  }
}

function listPlaces(value: unknown, which: 'all' | 'leaves', above: readonly string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [[...above]];
  const inner = Object.entries(value).flatMap(([key, each]) => listPlaces(each, which, [...above, key]));
  return which === 'all' ? [[...above], ...inner] : inner;
}

function replaceAt(value: unknown, path: readonly string[], wrong: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return wrong;
  const copy = (Array.isArray(value) ? [...(value as unknown[])] : { ...(value as object) }) as Record<string, unknown>;
  copy[key] = replaceAt(copy[key], rest, wrong);
  if (copy[key] === undefined) delete copy[key];
  return copy;
}
