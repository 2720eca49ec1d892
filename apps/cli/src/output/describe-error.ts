import { MeshError } from '@crm-mesh/contract';
import pc from 'picocolors';
import { EXIT, type ExitCode } from '../exit-code.js';

export interface DescribedError {
  code: string;
  /** What happened, and where. */
  what: string;
  cure?: string;
}

export function describeError(error: unknown): DescribedError {
  if (error instanceof MeshError) return { code: error.code, what: error.what, cure: error.cure };
  return {
    code: 'UNEXPECTED',
    what: error instanceof Error ? error.message : String(error),
    cure: 'Run it again with --debug to see where it happened.',
  };
}

const UNREACHABLE: ReadonlySet<string> = new Set([
  'MESH_NATS_CONTEXT_INVALID',
  'MESH_NATS_NO_ANSWER',
  'MESH_NATS_UNAVAILABLE',
  'MESH_NOT_RUNNING',
]);

export function chooseExitCode(error: unknown): ExitCode {
  if (!(error instanceof MeshError)) return EXIT.problem;
  if (error.code === 'MESH_USAGE') return EXIT.usage;
  return UNREACHABLE.has(error.code) ? EXIT.unreachable : EXIT.problem;
}

/** What, where and cure; the stack only where it was asked for. */
export function renderError(error: unknown, options: { debug: boolean }): string {
  const { code, what, cure } = describeError(error);
  const lines = [`${pc.red('✗')} ${what}`, `  ${pc.dim(code)}${cure ? ` ${pc.cyan('→')} ${cure}` : ''}`];
  if (options.debug && error instanceof Error) lines.push(pc.dim(error.stack ?? ''));
  return lines.join('\n');
}
