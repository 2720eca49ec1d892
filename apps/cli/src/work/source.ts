import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import pc from 'picocolors';
import { MeshError } from '@crm-mesh/contract';
import { explainRequest, readRecordedRequest, type RequestExplanation } from '@crm-mesh/sources';
import type { CliContext } from '../cli-context.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { openConnection, readPathNames } from '../mesh/find-connection.js';
import { loadMeshConfig } from '../mesh/load-mesh-config.js';

interface VerifyOptions {
  request: string;
  connection?: string;
  publicUrl?: string;
}

export async function verifyRequest(context: CliContext, options: VerifyOptions): Promise<ExitCode> {
  const request = readRecordedRequest(readRecord(resolve(context.cwd, options.request)));
  const { source, config, title, publicUrl, shownUrl } = await openConnection(context, loadMeshConfig(context), {
    wished: options.connection ?? readPathNames(request.url),
    publicUrl: options.publicUrl,
  });
  const explanation = explainRequest({
    source,
    request,
    config,
    publicUrl,
    nowMs: request.receivedAtMs ?? Date.now(),
  });
  context.terminal.printJson({ connection: title, publicUrl: shownUrl, ...explanation });
  context.terminal.print(renderExplanation(explanation, shownUrl));
  return explanation.accepted ? EXIT.ok : EXIT.problem;
}

function readRecord(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const what = `The recorded request ${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)}).`;
    throw new MeshError('MESH_USAGE', what, { cause: error, cure: 'Name an existing file with --request.' });
  }
}

function renderExplanation(explanation: RequestExplanation, publicUrl: string): string {
  const { accepted, why, cure, tried, code, notifications } = explanation;
  if (accepted) return `${pc.green('✓')} ${why} ${notifications ?? 0} notifications.`;
  return [
    `${pc.red('✗')} ${why}`,
    `  ${pc.dim(code ?? '')} ${pc.cyan('→')} ${cure}`,
    '',
    pc.dim(`checked as sent to ${publicUrl}`),
    ...renderTried(tried),
  ].join('\n');
}

/** What fits tells what went wrong; a list of what does not would only be read in vain. */
function renderTried(tried: RequestExplanation['tried']): string[] {
  const fitting = tried.filter(({ fits }) => fits);
  if (fitting.length > 0) return fitting.map(({ name }) => `${pc.green('  fits:')} ${name}`);
  return tried.length === 0
    ? []
    : [pc.dim(`${tried.length} usual causes were tried, and none of them fits (--json lists them)`)];
}
