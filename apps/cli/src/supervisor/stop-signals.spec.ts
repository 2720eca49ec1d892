import { expect, it } from 'vitest';
import { judgeSignal } from './stop-signals.js';

it.each([
  [undefined, 5_000, 'stop'],
  [5_000, 5_001, 'same'],
  [5_000, 5_699, 'same'],
  [5_000, 5_700, 'kill'],
])('first at %s, now %s: %s', (first, now, verdict) => expect(judgeSignal(first, now)).toBe(verdict));
