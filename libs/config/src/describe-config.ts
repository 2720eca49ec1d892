import bytes from 'bytes';
import { listKeys, type KeyDescription } from './config-key.js';
import { MeshConfig } from './mesh-config.js';

/** One row of the table in `docs/configuration.md`. */
export interface ConfigKey {
  path: string;
  type: string;
  /** Empty: none, the key is required or simply absent. */
  default: string;
  meaning: string;
}

/** Every key of mesh.yaml, in the order of the classes. */
export function describeConfig(): ConfigKey[] {
  return describeClass(MeshConfig, '');
}

function describeClass(type: new () => object, prefix: string): ConfigKey[] {
  const defaults = new type() as Record<string, unknown>;
  return [...listKeys(type)].flatMap(([name, key]) => {
    const path = `${prefix}${name}${key.list ? '[]' : ''}`;
    const row = { path, type: key.type, default: describeDefault(key, defaults[name]), meaning: key.meaning };
    return key.nested ? [row, ...describeClass(key.nested, `${path}.`)] : [row];
  });
}

function describeDefault(key: KeyDescription, value: unknown): string {
  if (key.default !== undefined) return key.default;
  if (value === undefined || key.nested || JSON.stringify(value) === '{}') return '';
  return key.type === 'bytes'
    ? (bytes.format(Number(value)) ?? '')
    : Array.isArray(value)
      ? value.join(', ')
      : String(value);
}
