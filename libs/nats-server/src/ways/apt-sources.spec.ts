import { describe, expect, it } from 'vitest';
import { chooseMirrors, parseDeb822Sources, parseOneLineSources, readCodename, type AptSource } from './apt-sources.js';

const DEFAULT = 'http://deb.debian.org/debian';

describe('parseOneLineSources', () => {
  const cases: [string, AptSource[]][] = [
    ['deb http://m/debian bookworm main', [{ uri: 'http://m/debian', suite: 'bookworm', components: ['main'] }]],
    [
      'deb [arch=amd64 signed-by=/k.gpg]  https://m/debian  trixie  main contrib # ours',
      [{ uri: 'https://m/debian', suite: 'trixie', components: ['main', 'contrib'] }],
    ],
    ['# deb http://m/debian bookworm main', []],
    ['deb-src http://m/debian bookworm main', []],
    ['deb http://m/debian ./', [{ uri: 'http://m/debian', suite: './', components: [] }]],
    ['', []],
  ];
  it.each(cases)('%s', (text, expected) => expect(parseOneLineSources(text)).toEqual(expected));
});

describe('parseDeb822Sources', () => {
  it('reads stanzas, comments, continued lines and several values', () => {
    const text = `# a comment
Types: deb deb-src
# http://snapshot.example/
URIs: http://m/debian
Suites: bookworm bookworm-updates
Components: main
 contrib
Signed-By: /k.gpg

Types: deb
Enabled: no
URIs: http://off/debian
Suites: bookworm
Components: main

types: deb-src
uris: http://src/debian
suites: bookworm
components: main
`;
    expect(parseDeb822Sources(text)).toEqual([
      { uri: 'http://m/debian', suite: 'bookworm', components: ['main', 'contrib'] },
      { uri: 'http://m/debian', suite: 'bookworm-updates', components: ['main', 'contrib'] },
    ]);
  });

  it('skips a key that stands inside a stanza', () => {
    const text =
      'Types: deb\nURIs: http://m/debian/\nSuites: trixie\nComponents: main\nSigned-By:\n -----BEGIN-----\n .\n abc: def\n';
    expect(parseDeb822Sources(text)).toEqual([{ uri: 'http://m/debian/', suite: 'trixie', components: ['main'] }]);
  });
});

describe('chooseMirrors', () => {
  const source = (uri: string, suite: string, ...components: string[]): AptSource => ({ uri, suite, components });
  const cases: [string, AptSource[], string[]][] = [
    ['the machine has none', [], [DEFAULT]],
    ['its own first', [source('http://m/debian/', 'bookworm', 'main')], ['http://m/debian', DEFAULT]],
    ['Debian itself, once', [source(`${DEFAULT}/`, 'bookworm', 'main'), source(DEFAULT, 'stable', 'main')], [DEFAULT]],
    ['no security archive', [source('http://m/debian-security', 'bookworm-security', 'main')], [DEFAULT]],
    ['no foreign archive with Debian names', [source('https://apt.releases.example', 'bookworm', 'main')], [DEFAULT]],
    ['no foreign archive with its own', [source('https://d/linux/debian', 'bookworm', 'stable')], [DEFAULT]],
    ['Ubuntu', [source('http://archive.ubuntu.com/ubuntu', 'noble', 'main')], [DEFAULT]],
    ['a mirror list', [source('mirror+file:/etc/m.list', 'bookworm', 'main')], ['mirror+file:/etc/m.list', DEFAULT]],
  ];
  it.each(cases)('%s', (_name, sources, expected) => expect(chooseMirrors(sources, 'bookworm')).toEqual(expected));
});

describe('readCodename', () => {
  it.each([
    ['ID=debian\nVERSION_CODENAME=bookworm\n', 'bookworm'],
    ['VERSION_CODENAME="trixie"', 'trixie'],
    ['ID=debian\n', undefined],
  ])('%s', (text, expected) => expect(readCodename(text)).toBe(expected));
});
