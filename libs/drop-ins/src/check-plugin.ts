import { basename } from 'node:path';
import { checkEventPattern, type MeshError } from '@crm-mesh/contract';
import { PLUGIN_MARK, type Plugin } from '@crm-mesh/sdk';
import { checkDelivery, describeUnknownKey } from './check-delivery.js';
import type { DropIn } from './drop-in.js';
import { describeProblems, type Problem } from './problem.js';

export type PluginCheck = { ok: true; plugin: Plugin } | { ok: false; error: MeshError };

const NAME = /^[a-z](?:[a-z0-9-]{0,30}[a-z0-9])?$/;
/** Consumers that the mesh itself runs: a plugin's dead letters would lie among theirs. */
const RESERVED = ['normaliser', 'writer'];
const KEYS = ['kind', 'name', 'description', 'events', 'config', 'delivery', 'key', 'setup', 'handle', 'teardown'];
const FUNCTIONS = ['key', 'setup', 'teardown'] as const;

/** Whether a loaded module is the plugin that its file name promises; if not, all that is wrong with it. */
export function checkPlugin(module: unknown, dropIn: DropIn): PluginCheck {
  const exported = isObject(module) ? module['default'] : undefined;
  const problems = isMarked(exported) ? checkDefinition(exported, dropIn) : [describeExport(module)];
  if (problems.length > 0) return { ok: false, error: describeProblems(dropIn.file, problems) };
  return { ok: true, plugin: exported as unknown as Plugin };
}

/** For two files that want the same durable. */
export function refuseDuplicate(dropIn: DropIn, owner: DropIn): MeshError {
  const cure = `Rename one of the two, and its name inside, or remove one.`;
  return describeProblems(dropIn.file, [{ field: 'name', what: `"${dropIn.name}" is taken by ${owner.file}`, cure }]);
}

function checkDefinition(plugin: Record<string, unknown>, dropIn: DropIn): Problem[] {
  return [
    ...checkName(plugin['name'], dropIn),
    ...checkEvents(plugin['events']),
    ...checkFunctions(plugin),
    ...checkConfigSchema(plugin['config']),
    ...checkDescription(plugin['description']),
    ...checkDelivery(plugin['delivery']),
    ...Object.keys(plugin)
      .filter((key) => !KEYS.includes(key))
      .map((key) => describeUnknownKey(key, key, KEYS)),
  ];
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

function checkName(name: unknown, dropIn: DropIn): Problem[] {
  const cure = 'Use 1 to 32 lower-case letters, digits and dashes, beginning with a letter.';
  if (typeof name !== 'string') return [{ field: 'name', what: 'is missing', cure: `Write name: '${dropIn.name}'.` }];
  if (!NAME.test(name)) return [{ field: 'name', what: `"${name}" is not allowed`, cure }];
  if (RESERVED.includes(name))
    return [{ field: 'name', what: `"${name}" is one of the mesh's own consumers`, cure: 'Choose another name.' }];
  if (name === dropIn.name) return [];
  const place = dropIn.folder ? `the folder is "${basename(dropIn.folder)}"` : `the file is "${basename(dropIn.file)}"`;
  return [
    {
      field: 'name',
      what: `is "${name}", but ${place}`,
      cure: `Write name: '${dropIn.name}', or rename the ${dropIn.folder ? 'folder' : 'file'}.`,
    },
  ];
}

function checkEvents(events: unknown): Problem[] {
  const example = `Write e.g. events: ['deal.won'].`;
  if (!Array.isArray(events) || events.length === 0)
    return [{ field: 'events', what: 'names no event', cure: example }];
  return events.flatMap((event: unknown, index) => {
    const field = `events[${index}]`;
    if (typeof event !== 'string') return [{ field, what: 'is no text', cure: example }];
    const check = checkEventPattern(event);
    if (check.ok) return [];
    const cure = check.suggestion ? `Did you mean "${check.suggestion}"?` : example;
    return [{ field, what: `"${event}" is no event`, cure }];
  });
}

function checkFunctions(plugin: Record<string, unknown>): Problem[] {
  const problems: Problem[] = FUNCTIONS.filter(
    (field) => !['function', 'undefined'].includes(typeof plugin[field]),
  ).map((field) => ({ field, what: 'is no function', cure: `Write ${field} as a function, or leave it out.` }));
  if (typeof plugin['handle'] === 'function') return problems;
  const what = plugin['handle'] === undefined ? 'is missing' : 'is no function';
  return [...problems, { field: 'handle', what, cure: 'Write: async handle(event, context) { … }.' }];
}

function checkConfigSchema(config: unknown): Problem[] {
  if (config === undefined || typeof config === 'function') return [];
  const standard = isObject(config) ? config['~standard'] : undefined;
  if (isObject(standard) && standard['version'] === 1 && typeof standard['validate'] === 'function') return [];
  const cure =
    'Give a class with class-validator decorators, or a Standard Schema (zod, valibot, arktype …); values belong in mesh.yaml.';
  return [{ field: 'config', what: 'describes no configuration', cure }];
}

function checkDescription(description: unknown): Problem[] {
  if (description === undefined || (typeof description === 'string' && description.length <= 500)) return [];
  return [
    {
      field: 'description',
      what: 'is no text of at most 500 characters',
      cure: 'Say in one line what the plugin does.',
    },
  ];
}

/** zod's and arktype's schemas are functions or objects; a plugin is a plain object with our mark. */
function isMarked(value: unknown): value is Record<string, unknown> {
  return isObject(value) && value['kind'] === PLUGIN_MARK;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
