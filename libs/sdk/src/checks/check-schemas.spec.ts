import { describe, expect, it } from 'vitest';
import { checkSchemas } from './check-schemas.js';

const step = { up: (data: object) => ({ ...data }), down: (data: object) => ({ ...data }) };

describe('the versions that a plugin was written for', () => {
  it.each<[schemas: unknown, problems: string[]]>([
    [undefined, []],
    [{}, []],
    [{ deal: 1, contact: 1, custom: 1 }, []],
    [{ deal: 2 }, []],
    [{ deal: 3 }, ['schemas.deal asks for a version that there is not: deal has the versions 1 to 2']],
    [{ contact: 2 }, ['schemas.contact asks for a version that there is not: contact is at version 1']],
    [{ deal: '1' }, ['schemas.deal asks for a version that there is not: deal has the versions 1 to 2']],
    [{ deals: 1 }, ['schemas.deals names no entity']],
    [1, ['schemas is no table of versions by entity']],
    [[1], ['schemas is no table of versions by entity']],
  ])('%j', (schemas, problems) => {
    const found = checkSchemas(schemas, { deal: [step] });
    expect(found.map(({ field, what }) => `${field} ${what}`)).toEqual(problems);
  });
});
