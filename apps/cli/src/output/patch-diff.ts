import { structuredPatch } from 'diff';
import pc from 'picocolors';
import type { Patched } from '../mesh/patch-letter.js';

const CONTEXT_LINES = 2;

export function renderPatched(patched: Patched): string {
  const title = pc.bold(`Dead letter ${patched.sequence}`) + pc.dim(` ${patched.consumer}, ${patched.record}`);
  if (patched.kind === 'left') return `${title}\n  left as it is: the patch gives nothing back`;
  if (patched.kind === 'refused') return `${title}\n  ${pc.red('✗')} ${patched.reason}`;
  const lines = renderDiff(patched.before, patched.after);
  return [title, ...(lines.length > 0 ? lines : ['  nothing changes'])].join('\n');
}

/** Lines of JSON that go and come, with a few around them. */
export function renderDiff(before: unknown, after: unknown): string[] {
  const [old, mended] = [before, after].map((value) => JSON.stringify(value, undefined, 2));
  const { hunks } = structuredPatch('', '', `${old}\n`, `${mended}\n`, '', '', { context: CONTEXT_LINES });
  return hunks.flatMap(({ lines }, index) => [...(index > 0 ? [pc.dim('  …')] : []), ...lines.map(paintLine)]);
}

function paintLine(line: string): string {
  if (line.startsWith('+')) return pc.green(line);
  return line.startsWith('-') ? pc.red(line) : pc.dim(line);
}
