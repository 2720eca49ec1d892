import { expect, it } from 'vitest';
import { planPorts } from './plan-ports.js';

/** Hands out a wished port unless it is taken, else 20001, 20002 … */
function createFinder(taken: number[]) {
  let next = 20_000;
  return (wished: number) => Promise.resolve(wished !== 0 && !taken.includes(wished) ? wished : (next += 1));
}

it.each([
  [[], { publisher: 8080, host: 8081, sandbox: 8082 }, { publisher: 8080, host: 8081, sandbox: 8082 }],
  [[8080], { publisher: 8080, host: 8081, sandbox: 8082 }, { publisher: 20_001, host: 8081, sandbox: 8082 }],
  [[], { publisher: 9000, host: 9000, sandbox: 9000 }, { publisher: 9000, host: 20_001, sandbox: 20_002 }],
  [[], { publisher: 0, host: 20_001, sandbox: 0 }, { publisher: 20_001, host: 20_002, sandbox: 20_003 }],
])('taken %j, wished %j', async (taken, wished, expected) => {
  expect(await planPorts(wished, createFinder(taken))).toEqual(expected);
});
