import { basename } from 'node:path';
import type { MeshError } from '@crm-mesh/contract';
import { describeProblems, type Problem } from '@crm-mesh/sdk/running';
import { INVALID, type DropIn } from './drop-in.js';

/** What a kind of drop-in is made by, and what is looked at in it. */
export interface DefinitionRule {
  /** `definePlugin` */
  maker: string;
  mark: string;
  check(definition: Record<string, unknown>, usualName: string): Problem[];
}

export type ModuleCheck = { ok: true; definition: Record<string, unknown> } | { ok: false; error: MeshError };

/** Whether a loaded module is what its file name promises; if not, all that is wrong with it. */
export function checkModule(module: unknown, dropIn: DropIn, rule: DefinitionRule): ModuleCheck {
  const exported = isObject(module) ? module['default'] : undefined;
  // zod's and arktype's schemas are functions or objects; a definition is a plain object with our mark.
  if (!isObject(exported) || exported['kind'] !== rule.mark)
    return { ok: false, error: refuse(dropIn, [describeExport(module, rule.maker)]) };
  const problems = checkOfFile(exported, dropIn, rule);
  return problems.length > 0 ? { ok: false, error: refuse(dropIn, problems) } : { ok: true, definition: exported };
}

/** For two files that want the same name. */
export function refuseDuplicate(dropIn: DropIn, owner: Pick<DropIn, 'file'>): MeshError {
  const cure = `Rename one of the two, and its name inside, or remove one.`;
  return refuse(dropIn, [{ field: 'name', what: `"${dropIn.name}" is taken by ${owner.file}`, cure }]);
}

/** For a file that wants the name of what comes with the mesh. */
export function refuseShipped(dropIn: DropIn): MeshError {
  const what = `"${dropIn.name}" is the name of a ${dropIn.kind} that comes with the mesh`;
  const cure = `Give the ${dropIn.folder ? 'folder' : 'file'} another name, and the ${dropIn.kind} inside.`;
  return refuse(dropIn, [{ field: 'name', what, cure }]);
}

function refuse(dropIn: DropIn, problems: readonly Problem[]): MeshError {
  return describeProblems(dropIn.file, problems, INVALID[dropIn.kind]);
}

function checkOfFile(definition: Record<string, unknown>, dropIn: DropIn, rule: DefinitionRule): Problem[] {
  const problems = rule.check(definition, dropIn.name);
  if (problems.some(({ field }) => field === 'name')) return problems;
  return [...checkFileName(definition['name'], dropIn), ...problems];
}

function describeExport(module: unknown, maker: string): Problem {
  const names = isObject(module) ? Object.keys(module) : [];
  const what = names.includes('default') ? `was not made by ${maker}` : 'is missing';
  return {
    field: 'default export',
    what,
    cure: `Write: export default ${maker}({ … }), with ${maker} of "@crm-mesh/sdk".`,
  };
}

/** The name in the file and the name of the file are the same, so that people find the one by the other. */
function checkFileName(name: unknown, dropIn: DropIn): Problem[] {
  if (name === dropIn.name) return [];
  const place = dropIn.folder ? `the folder is "${basename(dropIn.folder)}"` : `the file is "${basename(dropIn.file)}"`;
  const cure = `Write name: '${dropIn.name}', or rename the ${dropIn.folder ? 'folder' : 'file'}.`;
  return [{ field: 'name', what: `is "${String(name)}", but ${place}`, cure }];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
