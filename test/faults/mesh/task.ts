import type { Random } from '../random/random.js';

/** Most events are plain work; some fail, wait, or can never be done: see fault-plugin.ts. */
export function chooseTask(random: Random): string {
  const roll = random.next();
  if (roll < 0.01) return 'refuse';
  if (roll < 0.04) return `fail ${random.between(1, 2)}`;
  if (roll < 0.06) return `later ${random.between(100, 600)}`;
  return roll < 0.3 ? `slow ${random.between(1, 30)}` : 'work';
}
