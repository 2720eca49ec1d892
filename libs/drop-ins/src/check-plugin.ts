import { basename } from 'node:path';
import type { MeshError } from '@crm-mesh/contract';
import { PLUGIN_MARK, type Plugin } from '@crm-mesh/sdk';
import { checkBatching, checkDefinition, checkDelivery, describeProblems, type Problem } from '@crm-mesh/sdk/running';
import type { DropIn } from './drop-in.js';

export type PluginCheck = { ok: true; plugin: Plugin } | { ok: false; error: MeshError };

/** Whether a loaded module is the plugin that its file name promises; if not, all that is wrong with it. */
export function checkPlugin(module: unknown, dropIn: DropIn): PluginCheck {
  const exported = isObject(module) ? module['default'] : undefined;
  const problems = isMarked(exported) ? checkPluginOfFile(exported, dropIn) : [describeExport(module)];
  if (problems.length > 0) return { ok: false, error: describeProblems(dropIn.file, problems) };
  return { ok: true, plugin: exported as unknown as Plugin };
}

/** For two files that want the same durable. */
export function refuseDuplicate(dropIn: DropIn, owner: DropIn): MeshError {
  const cure = `Rename one of the two, and its name inside, or remove one.`;
  return describeProblems(dropIn.file, [{ field: 'name', what: `"${dropIn.name}" is taken by ${owner.file}`, cure }]);
}

/** For delivery options that stand outside a plugin's file: `place` is the file, `path` the key. */
export function refuseDelivery(value: unknown, place: string, path: string): MeshError | undefined {
  const problems = checkDelivery(value, path);
  return problems.length > 0 ? describeProblems(place, problems) : undefined;
}

/** The same for what depends on whether the plugin has `handleBatch`; `delivery` is right in itself. */
export function refuseBatching(
  handlesBatches: boolean,
  delivery: Plugin['delivery'],
  { place, path }: { place: string; path: string },
): MeshError | undefined {
  const problems = checkBatching(handlesBatches, delivery, path);
  return problems.length > 0 ? describeProblems(place, problems) : undefined;
}

function checkPluginOfFile(plugin: Record<string, unknown>, dropIn: DropIn): Problem[] {
  const problems = checkDefinition(plugin, dropIn.name);
  if (problems.some(({ field }) => field === 'name')) return problems;
  return [...checkFileName(plugin['name'], dropIn), ...problems];
}

function describeExport(module: unknown): Problem {
  const names = isObject(module) ? Object.keys(module) : [];
  const what = names.includes('default') ? 'was not made by definePlugin' : 'is missing';
  return {
    field: 'default export',
    what,
    cure: 'Write: export default definePlugin({ … }), with definePlugin of "@crm-mesh/sdk".',
  };
}

/** The name in the file and the name of the file are the same, so that people find the one by the other. */
function checkFileName(name: unknown, dropIn: DropIn): Problem[] {
  if (name === dropIn.name) return [];
  const place = dropIn.folder ? `the folder is "${basename(dropIn.folder)}"` : `the file is "${basename(dropIn.file)}"`;
  const cure = `Write name: '${dropIn.name}', or rename the ${dropIn.folder ? 'folder' : 'file'}.`;
  return [{ field: 'name', what: `is "${String(name)}", but ${place}`, cure }];
}

/** zod's and arktype's schemas are functions or objects; a plugin is a plain object with our mark. */
function isMarked(value: unknown): value is Record<string, unknown> {
  return isObject(value) && value['kind'] === PLUGIN_MARK;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
