import { MeshError } from '@crm-mesh/contract';

/** One thing that is wrong in mesh.yaml. */
export interface ConfigProblem {
  /** `connections[0].source`; empty for the file as a whole. */
  path: string;
  /** What is wrong, without file and path. */
  message: string;
  /** How to mend it. */
  cure: string;
  file?: string;
  /** From 1. */
  line?: number;
}

/** MESH_CONFIG_INVALID with every problem that was found, not the first alone. */
export class ConfigError extends MeshError {
  constructor(
    readonly problems: readonly ConfigProblem[],
    options?: ErrorOptions,
  ) {
    const cures = [...new Set(problems.map((problem) => problem.cure))].join(' ');
    super('MESH_CONFIG_INVALID', problems.map(formatProblem).join('\n'), { ...options, cure: cures });
  }
}

function formatProblem(problem: ConfigProblem): string {
  const where = [problem.file, problem.line].filter((part) => part !== undefined).join(':');
  return [where, problem.path, `${problem.message}.`].filter(Boolean).join(' ');
}
