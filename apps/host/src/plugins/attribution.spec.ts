import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { attribute, findCulprit } from './attribution.js';

describe('findCulprit', () => {
  it('knows whose work it is, after timers too', async () => {
    const found = attribute('careless', async () => {
      await delay(1);
      return findCulprit();
    });
    expect(await found).toBe('careless');
    expect(findCulprit()).toBeUndefined();
  });

  it.each([
    ['at handle (/srv/plugins/careless.plugin.ts:4:79)', 'careless'],
    ['at handle (file:///srv/.mesh/cache/host/deal-won-notifier-0cd401cdbf9f.mjs?load=3:4:79)', 'deal-won-notifier'],
    ['at Engine.run (file:///srv/libs/delivery/dist/engine.js:1:1)', undefined],
  ])('reads it from the stack %s', (line, expected) => {
    expect(findCulprit(Object.assign(new Error('x'), { stack: `Error: x\n    ${line}` }))).toBe(expected);
  });
});
