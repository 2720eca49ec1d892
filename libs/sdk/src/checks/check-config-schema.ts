import type { Problem } from './problem.js';

/** Whether it is a class, or a Standard Schema of the version that we understand. */
export function checkConfigSchema(config: unknown): Problem[] {
  if (config === undefined || typeof config === 'function') return [];
  const standard = isObject(config) ? config['~standard'] : undefined;
  if (isObject(standard) && standard['version'] === 1 && typeof standard['validate'] === 'function') return [];
  const cure =
    'Give a class with class-validator decorators, or a Standard Schema (zod, valibot, arktype …); values belong in mesh.yaml.';
  return [{ field: 'config', what: 'describes no configuration', cure }];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
