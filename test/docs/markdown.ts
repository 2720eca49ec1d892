import { listFiles, readText } from '../house/repository.js';

export interface Fence {
  file: string;
  /** Of the line that opens it. */
  line: number;
  language: string;
  text: string;
}

/** Every document of ours; examples' READMEs too. */
export function listDocuments(): string[] {
  return listFiles().filter((file) => file.endsWith('.md') && !file.startsWith('test/samples/'));
}

export function readFences(file: string): Fence[] {
  const fences: Fence[] = [];
  let open: Fence | undefined;
  for (const [index, line] of readText(file).split('\n').entries()) {
    const language = /^```(.*)$/.exec(line)?.[1];
    if (language === undefined) {
      if (open) open.text += `${line}\n`;
    } else if (open) {
      fences.push(open);
      open = undefined;
    } else open = { file, line: index + 1, language: language.trim(), text: '' };
  }
  if (open) throw new Error(`${file}:${open.line}: a code block has no end`);
  return fences;
}

export const listFences = (language: string): Fence[] =>
  listDocuments()
    .flatMap(readFences)
    .filter((fence) => fence.language === language);

/** A document without its code blocks. */
export function readProse(file: string): string {
  return readText(file).replaceAll(/^```.*?^```$/gms, '');
}

/** What stands between single backticks. */
export function listInlineCode(file: string): string[] {
  return [...readProse(file).matchAll(/`([^`\n]+(?:\n[^`\n]+)?)`/g)].map((match) =>
    (match[1] ?? '').replaceAll(/\s+/g, ' '),
  );
}

/** The rows of the first table whose first column has this title, after the given heading where there is one. */
export function readTable(file: string, title: string, heading?: string): string[][] {
  const lines = readProse(file).split('\n');
  const from = heading === undefined ? 0 : lines.findIndex((line) => /^#+ /.test(line) && line.endsWith(` ${heading}`));
  const start = lines.findIndex((line, index) => index >= from && from >= 0 && readCells(line)[0] === title);
  if (start === -1) throw new Error(`${file} has no table "${title}"${heading ? ` under "${heading}"` : ''}`);
  const rows = lines.slice(start + 2);
  const end = rows.findIndex((line) => !line.startsWith('|'));
  return rows.slice(0, end === -1 ? undefined : end).map(readCells);
}

function readCells(line: string): string[] {
  if (!line.startsWith('|')) return [];
  const cells = line.split(/(?<!\\)\|/).slice(1, -1);
  return cells.map((cell) => cell.trim().replaceAll('\\|', '|').replaceAll('&lt;', '<'));
}

/** `name` without its backticks. */
export const bare = (cell = ''): string => cell.replaceAll('`', '');
