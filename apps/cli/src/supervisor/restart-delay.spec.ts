import { expect, it } from 'vitest';
import { decideRestart } from './restart-delay.js';

it.each([
  [0, 100, { failures: 1, delayMs: 500 }],
  [1, 100, { failures: 2, delayMs: 1_000 }],
  [5, 100, { failures: 6, delayMs: 16_000 }],
  [20, 100, { failures: 21, delayMs: 30_000 }],
  [20, 60_000, { failures: 1, delayMs: 500 }],
])('after %s failures and %s ms', (failures, ranForMs, expected) =>
  expect(decideRestart(failures, ranForMs)).toEqual(expected),
);
