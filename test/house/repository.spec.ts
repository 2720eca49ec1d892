import { readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listFiles, listSources, readText, ROOT } from './repository.js';

const files = listFiles();
const SELF = 'test/house/repository.spec.ts';
/** Samples are what others send. */
const texts = files
  .filter((file) => !file.startsWith('test/samples/') && file !== SELF)
  .map((file) => ({ file, text: readFileSync(join(ROOT, file), 'utf8') }));

const findIn = (pattern: RegExp, from = texts): string[] =>
  from.flatMap(({ file, text }) => [...text.matchAll(pattern)].map((match) => `${file}: ${match[0].trim()}`));

const sources = (specs: boolean): typeof texts =>
  listSources({ specs })
    .map((file) => ({ file, text: readText(file) }))
    .filter(({ file }) => file !== SELF);

describe('the repository', () => {
  it('names no folder of one machine', () => {
    // `/srv/our-plugins` and the like are examples, not somebody's.
    const found = findIn(/(?<![\w.}~*-])\/(?:work|root|home\/\w+|Users\/\w+|tmp\/\w+|mnt)\/[\w.-]*/g);
    expect(found).toEqual([]);
  });

  it('names no registry of packages', () => {
    expect(findIn(/\bregistry\.[a-z]+\.[a-z]+|\bartifactory\b|\/npm\/-\/|_authToken/gi)).toEqual([]);
  });

  it('has a lock file without addresses', () => {
    expect(readText('package-lock.json')).not.toMatch(/"resolved": "(?!(?:apps|libs)\/|plugins")/);
  });

  it('holds no file that a build or a run makes', () => {
    expect(
      files.filter((file) => /(^|\/)(dist|node_modules|\.cache|\.mesh)\/|\.(db|log|tsbuildinfo)$/.test(file)),
    ).toEqual([]);
  });

  it('has text files that end with one line end, and no white space at the end of a line', () => {
    const ours = texts.filter(({ file }) => ['.ts', '.mjs', '.md', '.yaml', '.yml', '.json'].includes(extname(file)));
    expect(ours.filter(({ text }) => !/[^\n]\n$/.test(text)).map(({ file }) => file)).toEqual([]);
    expect(findIn(/[ \t]+$/gm, ours)).toEqual([]);
  });
});

describe('the code', () => {
  it('acks, naks and terminates in one file', () => {
    const found = findIn(/\.(?:ack|ackAck|nak|term|working|next)\(|[+-](?:ACK|NAK|TERM|WPI|NXT)\b/g, sources(false));
    const files = new Set(found.filter((line) => !line.endsWith('.next(')).map((line) => line.replace(/: .*/, '')));
    expect([...files]).toEqual(['libs/jetstream/src/settle.ts']);
  });

  it('imports the NATS client in one library', () => {
    const found = findIn(/from '@nats-io\/[^']+'/g, sources(false));
    expect(found.filter((line) => !line.startsWith('libs/jetstream/'))).toEqual([]);
  });

  it('has no `any`', () => {
    expect(findIn(/(?::|\bas|<|\||&|,)\s*any\b(?=\s*[;,)>=[\]|&}]|$)/gm, sources(true))).toEqual([]);
  });

  it('leaves nothing to be done later', () => {
    expect(findIn(/\b(?:TODO|FIXME|XXX|HACK)\b/g, sources(true))).toEqual([]);
  });

  it('skips no test and runs none alone', () => {
    expect(findIn(/\b(?:it|test|describe)\.(?:only|skip|todo)\b/g, sources(true))).toEqual([]);
  });

  it('imports no folder by a name such as utils', () => {
    expect(files.filter((file) => /(^|\/)(utils?|common|helpers?|misc)(\/|\.ts$)/i.test(file))).toEqual([]);
  });
});
