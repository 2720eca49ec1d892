import 'reflect-metadata';
import { plainToInstance } from 'class-transformer';
import { validateSync, type ValidationError } from 'class-validator';
import { MeshError } from '@crm-mesh/contract';
import type { ConfigSchema } from '../config-schema.js';

/** As the host does with `plugins.<name>` of mesh.yaml, but for lines of a file. Throws MESH_CONFIG_INVALID. */
export async function checkTestConfig<C>(
  schema: ConfigSchema<C> | undefined,
  value: unknown,
  path: string,
): Promise<C> {
  if (schema === undefined) return (value ?? {}) as C;
  if (!('~standard' in schema)) return checkByClass(schema as new () => C & object, value ?? {}, path);
  const result = await schema['~standard'].validate(value ?? {});
  if (result.issues === undefined) return result.value;
  throw describe(
    path,
    result.issues.map((issue) => `${(issue.path ?? []).map(readKey).join('.')}: ${issue.message}`),
  );
}

function checkByClass<C extends object>(type: new () => C, value: object, path: string): C {
  const instance = plainToInstance(type, value, { exposeDefaultValues: true });
  const errors = validateSync(instance, { whitelist: true, forbidNonWhitelisted: true, forbidUnknownValues: false });
  if (errors.length > 0)
    throw describe(
      path,
      errors.flatMap((error) => listMessages(error)),
    );
  return instance;
}

function listMessages(error: ValidationError, above = ''): string[] {
  const key = above + error.property;
  const own = Object.values(error.constraints ?? {}).map((message) => `${key}: ${message}`);
  return [...own, ...(error.children ?? []).flatMap((child) => listMessages(child, `${key}.`))];
}

function readKey(part: PropertyKey | { readonly key: PropertyKey }): string {
  return String(typeof part === 'object' ? part.key : part);
}

function describe(path: string, problems: string[]): MeshError {
  return new MeshError('MESH_CONFIG_INVALID', `${path}: ${problems.join('; ')}.`, {
    cure: 'Mend the `config` that the test gives.',
  });
}
