// Edits of source texts, applied while a process loads its modules. Pure.
import { BUGS } from './bugs.mjs';
import { FAILPOINTS } from './failpoints.mjs';

/** Of a failpoint: `globalThis.reachFailpoint` is what register.mjs puts there. */
export function editOfFailpoint(name) {
  const { file, before, after, sync } = lookUp(FAILPOINTS, name, 'failpoint');
  const find = before ?? after;
  const call = `globalThis.reachFailpoint(${JSON.stringify(name)})`;
  const code = sync === undefined ? ` await ${call}; ` : ` ${call}${sync} `;
  return { name, file, find, replace: before === undefined ? find + code : code + find };
}

/** Of a planted bug: one edit or several. */
export function editsOfBug(name) {
  return lookUp(BUGS, name, 'bug').map((edit) => ({ name, ...edit }));
}

/** What a process is to be planted with. */
export function listEdits({ points = [], bugs = [] }) {
  return [...points.map(({ name }) => editOfFailpoint(name)), ...bugs.flatMap((name) => editsOfBug(name))];
}

/** Throws where a text to be changed does not occur exactly once: the code has moved on, and the table must follow. */
export function applyEdits(text, edits) {
  return edits.reduce((source, { name, file, find, replace }) => {
    const count = source.split(find).length - 1;
    if (count !== 1) throw new Error(`${name}: \`${find}\` occurs ${count} times in ${file}, not once`);
    return source.replace(find, () => replace);
  }, text);
}

function lookUp(table, name, kind) {
  if (!Object.hasOwn(table, name)) throw new Error(`there is no ${kind} "${name}"`);
  return table[name];
}
