#!/usr/bin/env node
// Plain JavaScript with no imports of ours: it must say what is missing before anything is built.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const LEAST_NODE = [20, 19];
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const main = new URL('../dist/main.js', import.meta.url);

if (major < LEAST_NODE[0] || (major === LEAST_NODE[0] && minor < LEAST_NODE[1])) {
  console.error(
    `mesh needs Node ${LEAST_NODE.join('.')} or newer; this is ${process.versions.node}. Install a newer Node.`,
  );
  process.exitCode = 1;
} else if (existsSync(main)) {
  await import(main.href);
} else {
  const root = fileURLToPath(new URL('../../..', import.meta.url));
  console.error(
    `mesh is not built yet. Run \`npm install && npm run build\` in ${root}, or \`npm start\`, which does both.`,
  );
  process.exitCode = 1;
}
