import { describe, expect, it } from 'vitest';
import { isIgnored } from './ignored-files.js';

const FOLDERS = ['/srv/.hidden/plugins', '/srv/teams'];

describe('isIgnored', () => {
  it.each([
    ['/srv/.hidden/plugins', false],
    ['/srv/.hidden/plugins/a.plugin.ts', false],
    ['/srv/.hidden/plugins/a/package.json', false],
    ['/srv/teams/shared/format.ts', false],
    ['/srv/elsewhere/node_modules/x.ts', false],
    ['/srv/teams/.git/index', true],
    ['/srv/teams/a/node_modules/x/index.js', true],
    ['/srv/teams/.a.plugin.ts.swp', true],
    ['/srv/teams/.#a.plugin.ts', true],
    ['/srv/teams/#a.plugin.ts#', true],
    ['/srv/teams/a.plugin.ts~', true],
    ['/srv/teams/4913', true],
    ['/srv/teams/a.plugin.ts.tmp', true],
    ['/srv/teams/a.plugin.ts___jb_tmp___', true],
  ])('%s: %s', (path, expected) => {
    expect(isIgnored(path, FOLDERS)).toBe(expected);
  });
});
