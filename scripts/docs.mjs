// Writes the tables of docs/errors.md and docs/configuration.md from the compiled code: `npm run build && node scripts/docs.mjs`.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeConfig } from '../libs/config/dist/index.js';
import { MESH_ERRORS } from '../libs/contract/dist/index.js';
import { ROOT } from './setup.mjs';

const TABLES = {
  'docs/errors.md': {
    name: 'errors',
    head: ['code', 'meaning', 'cure'],
    rows: Object.entries(MESH_ERRORS).map(([code, { meaning, cure }]) => [`\`${code}\``, meaning, cure]),
  },
  'docs/configuration.md': {
    name: 'config',
    head: ['key', 'type', 'default', 'meaning'],
    rows: describeConfig().map(({ path, type, default: usual, meaning }) => [`\`${path}\``, type, usual, meaning]),
  },
};

const renderRow = (cells) => `| ${cells.map((cell) => escapeCell(cell)).join(' | ')} |`;

/** `<name>` in a sentence would be taken for HTML, and `|` for the end of the cell; both are fine between backticks but for `|`. */
function escapeCell(text) {
  return text
    .split(/(`[^`]*`)/)
    .map((part) => (part.startsWith('`') ? part : part.replaceAll('<', '&lt;')))
    .join('')
    .replaceAll('|', '\\|');
}

for (const [file, { name, head, rows }] of Object.entries(TABLES)) {
  const path = join(ROOT, file);
  const text = await readFile(path, 'utf8');
  const table = [renderRow(head), renderRow(head.map(() => '---')), ...rows.map(renderRow)].join('\n');
  // Kept narrow: aligned, its lines would be as long as the longest cells together.
  const section = `<!-- table: ${name} -->\n<!-- prettier-ignore -->\n${table}\n\n<!-- end -->`;
  const pattern = new RegExp(`<!-- table: ${name} -->.*?<!-- end -->`, 's');
  if (!pattern.test(text)) throw new Error(`${file} has no place for the table "${name}"`);
  await writeFile(
    path,
    text.replace(pattern, () => section),
  );
}
