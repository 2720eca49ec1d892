import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { testSource } from '@crm-mesh/sdk/testing';
import { SHIPPED_SOURCES } from '@crm-mesh/sources';
import type { SourceCase } from './sources/source-case.js';

// A file of the folder for each shipped source.
const names = readdirSync(join(import.meta.dirname, 'sources')).filter((file) => file !== 'source-case.ts');
const cases = await Promise.all(
  names.map(async (file) => {
    const { open } = (await import(`./sources/${file.replace(/\.ts$/, '')}.ts`)) as {
      open(): SourceCase | Promise<SourceCase>;
    };
    return open();
  }),
);
afterAll(async () => {
  for (const each of cases) await each.close?.();
});

it('every shipped source has a case', () =>
  expect(cases.map(({ source }) => source.name).toSorted()).toEqual([...SHIPPED_SOURCES.keys()].toSorted()));

describe.each(cases)('$source.name', ({ source, samples }) => {
  it.each(testSource(source, samples))('$name', ({ run }) => run());
});
