import { findClosestWord, MeshError, type MeshErrorCode } from '@crm-mesh/contract';

/** One thing that is wrong with a plugin or source. */
export interface Problem {
  /** `events[1]`, `delivery.timeoutMs` … */
  field: string;
  /** What is wrong, to follow the field: `is 0`. */
  what: string;
  /** A whole sentence. */
  cure: string;
}

/** All problems of one place (a file, a key of mesh.yaml) as one error that people can act upon. */
export function describeProblems(
  place: string,
  problems: readonly Problem[],
  code: MeshErrorCode = 'MESH_PLUGIN_INVALID',
): MeshError {
  const what = problems.map((problem) => `${problem.field}: ${problem.what}`).join('; ');
  const cure = [...new Set(problems.map((problem) => problem.cure))].join(' ');
  return new MeshError(code, `${place}: ${what}.`, { cure });
}

/** A key that nobody knows, and what its author may have meant. */
export function describeUnknownKey(field: string, key: string, known: readonly string[]): Problem {
  const nearest = findClosestWord(key, known);
  return {
    field,
    what: 'is not known',
    cure: nearest ? `Did you mean "${nearest}"?` : `Known are: ${known.join(', ')}.`,
  };
}
