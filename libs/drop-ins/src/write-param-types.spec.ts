import { expect, it } from 'vitest';
import { writeParamTypes } from './write-param-types.js';

const NEST = `import { Injectable } from '@nestjs/common';\n`;
const typeOf = (name: string): string => `typeof ${name.split('.')[0]} === 'undefined' ? Object : ${name}`;

it.each([
  ['a class', 'private readonly a: Billing', typeOf('Billing')],
  ['several', 'a: A, readonly b: B', `${typeOf('A')}, ${typeOf('B')}`],
  ['one with a decorator and one with a default', `@Inject('X') x: X, c: C = d`, `${typeOf('X')}, ${typeOf('C')}`],
  ['a member of a namespace', 'a: lib.A', typeOf('lib.A')],
  ['a generic class', 'a: Repository<Deal>', typeOf('Repository')],
  ['what may be absent', 'a: A | undefined, b?: B | null', `${typeOf('A')}, ${typeOf('B')}`],
  ['primitives', 'a: string, b: number, c: boolean', 'String, Number, Boolean'],
  ['what has no class', `a: A | B, b: () => void, c, d: import('e').F`, 'Object, Object, Object, Object'],
])('writes down %s', (_, parameters, types) => {
  const text = (decorator: string): string =>
    `${NEST}@Injectable()${decorator}\nexport class Service {\n  constructor(${parameters}) {}\n}\n`;
  expect(writeParamTypes('a.ts', text(''))).toBe(text(` @Reflect.metadata('design:paramtypes', [${types}])`));
});

it.each([
  ['without Nest', `@Injectable()\nclass A { constructor(b: B) {} }`],
  ['of a class without decorators', `${NEST}class A { constructor(b: B) {} }`],
  ['of a class without parameters', `${NEST}@Injectable() class A { constructor() {} }\n@Injectable() class B {}`],
  ['that cannot be parsed', `${NEST}@Injectable() class A { constructor(b: B {} }`],
])('leaves text alone %s', (_, text) => {
  expect(writeParamTypes('a.ts', text)).toBe(text);
});

it('finds every class, wherever it stands, and keeps lines and what is between', () => {
  const text = `${NEST}// ÄÖ€😀\nexport default @Injectable() class { constructor(a: A) {} }\nfunction make() { @Injectable() class In { constructor(b: B) {} } return In; }\n`;
  const written = writeParamTypes('a.ts', text);
  expect(written.replaceAll(/ @Reflect\.metadata\('design:paramtypes', \[[^\]]*\]\)/g, '')).toBe(text);
  expect(written.match(/@Reflect/g)).toHaveLength(2);
});
