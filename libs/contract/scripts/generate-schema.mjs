// Writes libs/contract/schema, and the module of the records' schemas, from the compiled classes: `tsc -b libs/contract && node libs/contract/scripts/generate-schema.mjs`.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeSchemaFiles, makeSchemaModule } from '../dist/schema/schema-files.js';

const folder = fileURLToPath(new URL('../schema', import.meta.url));
const files = makeSchemaFiles();
rmSync(folder, { recursive: true, force: true });
for (const [path, text] of files) {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}
writeFileSync(fileURLToPath(new URL('../src/schema/record-schemas.ts', import.meta.url)), makeSchemaModule());
process.stdout.write(`Wrote ${files.size} files to ${folder}\n`);
