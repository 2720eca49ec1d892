import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { formatPath, type Path } from './yaml-source.js';

/** A value that mesh.yaml takes from somewhere else, and whether it is there. Never the value itself. */
export interface SecretReference {
  /** `connections[0].config.clientSecrets[0]` */
  path: string;
  segments: Path;
  kind: 'env' | 'file';
  /** The variable's name, or the file's path. */
  name: string;
  found: boolean;
  hasDefault: boolean;
}

export interface ReferenceProblem {
  segments: Path;
  message: string;
  cure: string;
}

export interface Resolution {
  data: unknown;
  references: SecretReference[];
  problems: ReferenceProblem[];
}

export interface ReferenceContext {
  env: NodeJS.ProcessEnv;
  /** Relative files begin here. */
  folder: string;
}

// `$${` is a literal `${`.
const REFERENCE = /\$?\$\{([^}]*)\}/g;
const PARTS = /^(env|file):(.*?)(?::-(.*))?$/s;

/** Replaces `${env:NAME}`, `${env:NAME:-default}` and `${file:path}` in every text; what is missing is a problem. */
export function resolveReferences(data: unknown, context: ReferenceContext): Resolution {
  const references: SecretReference[] = [];
  const problems: ReferenceProblem[] = [];
  const walk = (value: unknown, segments: Path): unknown => {
    if (typeof value === 'string') return replace(value, segments);
    if (Array.isArray(value)) return value.map((item, index) => walk(item, [...segments, index]));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item, [...segments, key])]));
  };
  const replace = (text: string, segments: Path): string =>
    text.replace(REFERENCE, (whole, inner: string) => {
      if (whole.startsWith('$$')) return whole.slice(1);
      const found = lookUp(inner, context);
      if (found.reference) references.push({ path: formatPath(segments), segments, ...found.reference });
      if (found.problem) problems.push({ segments, ...found.problem });
      return found.value ?? whole;
    });
  return { data: walk(data, []), references, problems };
}

interface LookUp {
  value?: string;
  reference?: Pick<SecretReference, 'kind' | 'name' | 'found' | 'hasDefault'>;
  problem?: Omit<ReferenceProblem, 'segments'>;
}

function lookUp(inner: string, context: ReferenceContext): LookUp {
  const [, kind, name = '', fallback] = PARTS.exec(inner) ?? [];
  if ((kind !== 'env' && kind !== 'file') || name === '') {
    const message = `holds \${${inner}}, which is no reference`;
    return {
      problem: {
        message,
        cure: 'Write ${env:NAME}, ${env:NAME:-default} or ${file:path}; for a literal ${ write $${.',
      },
    };
  }
  const own = kind === 'env' ? context.env[name] || undefined : readSecretFile(resolve(context.folder, name));
  const reference = { kind, name, found: own !== undefined, hasDefault: fallback !== undefined } as const;
  const value = own ?? fallback;
  return value === undefined
    ? { reference, problem: describeMissing(kind, name, context.folder) }
    : { reference, value };
}

function describeMissing(kind: 'env' | 'file', name: string, folder: string): Omit<ReferenceProblem, 'segments'> {
  if (kind === 'env') {
    return {
      message: `needs the environment variable ${name}, which is not set`,
      cure: `Set ${name}, or give a default: \${env:${name}:-…}.`,
    };
  }
  const file = resolve(folder, name);
  return {
    message: `needs the file ${file}, which cannot be read or is empty`,
    cure: `Write the secret into ${file}, readable for this user.`,
  };
}

function readSecretFile(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '') || undefined;
  } catch {
    return undefined;
  }
}
