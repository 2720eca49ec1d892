import { expect, it } from 'vitest';
import { isAtLeast } from './compare-versions.js';

it.each([
  ['20.19.0', '20.19.0', true],
  ['20.9.0', '20.19.0', false],
  ['26.0.0', '20.19.0', true],
  ['v2.12', '2.12.0', true],
  ['2.14.0-RC.1', '2.12.0', true],
  ['2.9.10', '2.12.0', false],
  ['what', '1.0.0', false],
])('%s ≥ %s: %s', (version, least, expected) => expect(isAtLeast(version, least)).toBe(expected));
