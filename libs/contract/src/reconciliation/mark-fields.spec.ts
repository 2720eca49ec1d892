import { expect, it } from 'vitest';
import { markFields } from './mark-fields.js';

const contact = { id: '7', email: 'a@example.com', phone: '', lastName: 'Ü', custom: { b: 1, a: 2 } };

it.each([
  [['email'], contact, 'f3d_wW8ifuaAh55y'],
  [['custom', 'lastName'], contact, 'e298mMXz1Zz7TBxi'],
])('%j', (fields, record, mark) => {
  expect(markFields(record, fields)).toBe(mark);
});

it('counts null, empty text and what is absent as the same', () => {
  const fields = ['email', 'phone'];
  const mark = markFields({ email: 'a@example.com' }, fields);
  expect(markFields(contact, fields)).toBe(mark);
  expect(markFields({ email: 'a@example.com', phone: null }, fields)).toBe(mark);
  expect(markFields({ email: 'a@example.com', phone: '1' }, fields)).not.toBe(mark);
});

it('is the same whatever the order of fields and keys', () => {
  const turned = { custom: { a: 2, b: 1 }, lastName: 'Ü' };
  expect(markFields(turned, ['lastName', 'custom'])).toBe(markFields(contact, ['custom', 'lastName']));
});
