import { isObject } from './check-value.js';
import type { Problem } from './problem.js';

/** Nest modules and what is asked of them go together. */
export function checkProviders({ imports, inject }: Record<string, unknown>): Problem[] {
  if (imports === undefined && inject === undefined) return [];
  if (inject === undefined)
    return [
      { field: 'imports', what: 'is there, but inject is missing', cure: 'Write inject: [TheService] beside it.' },
    ];
  if (imports === undefined) {
    const cure = 'Write imports: [TheModule] beside it: the Nest module that provides them.';
    return [{ field: 'inject', what: 'is there, but imports is missing', cure }];
  }
  return [
    ...checkList('imports', imports, (value) => typeof value === 'function' || isObject(value), 'a Nest module'),
    ...checkList(
      'inject',
      inject,
      (value) => ['function', 'string', 'symbol'].includes(typeof value),
      'a class or token',
    ),
  ];
}

// oxlint-disable-next-line max-params -- the words of one sentence
function checkList(field: string, list: unknown, isRight: (value: unknown) => boolean, kind: string): Problem[] {
  if (!Array.isArray(list) || list.length === 0)
    return [{ field, what: 'is no list with something in it', cure: `Write ${field}: [ … ].` }];
  return list.flatMap((value: unknown, index) => {
    if (isRight(value)) return [];
    const why = value === undefined ? 'is undefined: perhaps two files import each other' : `is not ${kind}`;
    return [{ field: `${field}[${index}]`, what: why, cure: `Give ${kind}.` }];
  });
}
