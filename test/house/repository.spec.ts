import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
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
    expect(readText('package-lock.json')).not.toMatch(/"resolved": "(?!(?:apps|libs)\/|plugins"|bench")/);
  });

  it('holds no file that a build or a run makes', () => {
    expect(
      files.filter((file) => /(^|\/)(dist|node_modules|\.cache|\.mesh)\/|\.(db|log|tsbuildinfo)$/.test(file)),
    ).toEqual([]);
  });
});

describe('the code', () => {
  it('acks, naks and terminates in one file', () => {
    const found = findIn(/\.(?:ack|ackAck|nak|term|working)\(|['"`][+-](?:ACK|NAK|TERM|WPI|NXT)\b/g, sources(false));
    expect([...new Set(found.map((line) => line.replace(/: .*/, '')))]).toEqual(['libs/jetstream/src/settle.ts']);
  });

  it('imports the NATS client in one library', () => {
    const found = findIn(/from '@nats-io\/[^']+'/g, sources(false));
    expect(found.filter((line) => !line.startsWith('libs/jetstream/'))).toEqual([]);
  });

  it('has no `any`', () => {
    expect(sources(true).flatMap(({ file, text }) => findAny(file, text))).toEqual([]);
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

/** The type, wherever it stands; the word in a text or comment does not count. */
function findAny(file: string, text: string): string[] {
  if (!/\bany\b/.test(text)) return [];
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (node.kind === ts.SyntaxKind.AnyKeyword)
      found.push(`${file}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}`);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}
