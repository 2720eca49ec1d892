import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { makePresent } from './folded.fixture.js';
import { leaveOutBinaries } from './leave-out-binaries.js';

const bytes = randomBytes(30_000);
const base64 = bytes.toString('base64');

it.each<[name: string, value: unknown, isLeftOut: boolean]>([
  ['base64', base64, true],
  ['base64 in lines', base64.replace(/.{76}/g, '$&\r\n'), true],
  ['the URL form', bytes.toString('base64url'), true],
  ['a data URL', `data:image/png;base64,${base64}`, true],
  ['a short one', base64.slice(0, 1_000), false],
  ['long words of people', 'We met them at the fair. '.repeat(2_000), false],
  ['a list', [base64], false],
])('%s', (_name, value, isLeftOut) => {
  const mapped = makePresent({ name: 'n', custom: { file: value, colour: 'red' } });
  const { mapped: left, leftOut } = leaveOutBinaries(mapped);
  expect(leftOut).toEqual(isLeftOut ? ['custom.file'] : []);
  expect(left).toMatchObject({ record: { name: 'n', custom: { colour: 'red' } } });
  expect(left).toEqual(isLeftOut ? makePresent({ name: 'n', custom: { colour: 'red' } }) : mapped);
});

it('does not labour over what only nearly is one', () => {
  const mapped = makePresent({ custom: { file: `${'A'.repeat(5_000_000)}!` } });
  const startedAtMs = performance.now();
  expect(leaveOutBinaries(mapped).leftOut).toEqual([]);
  expect(performance.now() - startedAtMs).toBeLessThan(1_000);
});
