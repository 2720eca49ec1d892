import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listFiles, readText, ROOT } from '../house/repository.js';
import { listDocuments, listInlineCode, readProse } from './markdown.js';

/** As hosts make them of headings. */
function listAnchors(file: string): string[] {
  const headings = [...readProse(file).matchAll(/^#+ (.*)$/gm)].map((match) => match[1] ?? '');
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function listLinks(file: string): string[] {
  return [...readProse(file).matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? '');
}

const isAddress = (link: string): boolean => /^[a-z]+:/.test(link);

describe.each(listDocuments())('%s', (file) => {
  it('has links that lead somewhere', () => {
    const broken = listLinks(file).filter((link) => {
      if (isAddress(link)) return !link.startsWith('https://');
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? file : normalize(join(dirname(file), path));
      if (!existsSync(join(ROOT, target))) return true;
      return anchor !== undefined && !listAnchors(target).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  it('names files that exist', () => {
    const paths = listInlineCode(file).filter((text) =>
      /^(apps|libs|plugins|scripts|test|docs|examples|docker)\/[\w./-]+$/.test(text),
    );
    const missing = paths.filter((path) => !existsSync(join(ROOT, path)) && !ABSENT.has(path));
    expect(missing).toEqual([]);
  });
});

/** Made by a command or an example that the text tells of. */
const ABSENT = new Set(['plugins/big-deals.plugin.ts']);

it('docs/architecture.md names a file for each folder of the product', () => {
  const text = readText('docs/architecture.md');
  const folders = new Set(listFiles().flatMap((file) => /^(?:apps|libs)\/[^/]+/.exec(file) ?? []));
  expect([...folders].filter((folder) => !text.includes(`\`${folder}`))).toEqual([]);
});

it('docs/adr/README.md lists every decision, by its title and in order', () => {
  const pages = listFiles()
    .filter((file) => /^docs\/adr\/\d{4}-/.test(file))
    .toSorted();
  const lines = pages.map((file, index) => {
    const title = /^# \d+\. (.*)$/m.exec(readText(file))?.[1] ?? '';
    return `${index + 1}. [${title}](${file.replace('docs/adr/', '')})`;
  });
  expect(readText('docs/adr/README.md').trim().split('\n').slice(-lines.length)).toEqual(lines);
  for (const file of pages) {
    const headings = [...readText(file).matchAll(/^## (.*)$/gm)].map((match) => match[1]);
    expect([file, ...headings]).toEqual([file, 'Context', 'Decision', 'Consequences']);
  }
});
