import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import pc from 'picocolors';
import { suggestName, validateConfig, type ConnectionConfig, type LoadedConfig } from '@crm-mesh/config';
import { MeshError } from '@crm-mesh/contract';
import { explainRequest, readRecordedRequest, SHIPPED_SOURCES, type RequestExplanation } from '@crm-mesh/sources';
import type { CliContext } from '../cli-context.js';
import { runCommand } from '../command.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { loadMeshConfig } from '../mesh/load-mesh-config.js';
import { findDataDir } from '../mesh/locate-mesh.js';
import { readRunFile } from '../mesh/run-file.js';
import { DEFAULT_PORTS } from '../supervisor/plan-ports.js';

interface VerifyOptions {
  request: string;
  connection?: string;
  publicUrl?: string;
}

const FORMATS = `
The file holds JSON {method, url, headers, body | bodyBase64, receivedAt}, a raw HTTP message, or what \`curl -v\` prints.
Nothing of it is stored or sent anywhere.`;

export function addSource(program: Command): void {
  const source = program.command('source').description('Sources: what speaks with CRMs.');
  const verify = source
    .command('verify')
    .description('Says of a recorded webhook why it is refused: wrong secret, wrong URL, clock, altered body …')
    .requiredOption('--request <file>', 'the recorded request')
    .option('--connection <tenant/name>', 'default: the one that the path of the request names')
    .option(
      '--public-url <url>',
      'the address that the CRM was told, without path; default: http.publicUrl of mesh.yaml',
    )
    .addHelpText('after', FORMATS);
  runCommand<VerifyOptions>(verify, verifyRequest);
}

async function verifyRequest(context: CliContext, options: VerifyOptions): Promise<ExitCode> {
  const request = readRecordedRequest(readRecord(resolve(context.cwd, options.request)));
  const config = loadMeshConfig(context);
  const connection = findConnection(config.connections, options.connection ?? readPathNames(request.url));
  const source = SHIPPED_SOURCES.get(connection.source);
  if (source === undefined) throw describeUnknownSource(connection);
  const index = config.connections.indexOf(connection);
  const own = await validateConfig(source.config, connection.config, `connections[${index}].config`);
  const base = (options.publicUrl ?? findPublicUrl(context, config)).replace(/\/+$/, '');
  const publicUrl = `${base}/webhooks/${encodeURIComponent(connection.tenant)}/${encodeURIComponent(connection.name)}`;
  const explanation = explainRequest({
    source,
    request,
    config: own,
    publicUrl,
    nowMs: request.receivedAtMs ?? Date.now(),
  });
  context.terminal.printJson({ connection: `${connection.tenant}/${connection.name}`, publicUrl, ...explanation });
  context.terminal.print(renderExplanation(explanation, publicUrl));
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

/** `/webhooks/acme/hubspot?x=1` → `acme/hubspot` */
function readPathNames(url: string): string | undefined {
  const [, tenant, name] = /\/webhooks\/([^/?#]+)\/([^/?#]+)/.exec(url) ?? [];
  return tenant && name ? `${decodeURIComponent(tenant)}/${decodeURIComponent(name)}` : undefined;
}

function findConnection(connections: readonly ConnectionConfig[], wished: string | undefined): ConnectionConfig {
  const only = connections.length === 1 ? connections[0] : undefined;
  if (wished === undefined && only) return only;
  const names = connections.map(({ tenant, name }) => `${tenant}/${name}`);
  const found = connections[names.indexOf(wished ?? '')];
  if (found) return found;
  const suggestion = wished === undefined ? undefined : suggestName(wished, names);
  const cure = suggestion
    ? `Did you mean --connection ${suggestion}?`
    : `Name one with --connection: ${names.join(', ') || 'mesh.yaml has none yet'}.`;
  const what =
    wished === undefined
      ? 'The request does not say which connection it is for.'
      : `There is no connection ${wished} in mesh.yaml.`;
  throw new MeshError('MESH_CONNECTION_UNKNOWN', what, { cure });
}

function describeUnknownSource({ source }: ConnectionConfig): MeshError {
  const names = [...SHIPPED_SOURCES.keys()];
  const suggestion = suggestName(source, names);
  const cure = suggestion ? `Did you mean "${suggestion}"?` : `Write one of ${names.join(', ')}.`;
  return new MeshError('MESH_CONFIG_INVALID', `mesh.yaml names the source "${source}", which does not exist.`, {
    cure,
  });
}

/** mesh.yaml, else the publisher that runs on this data folder, else its usual address. */
function findPublicUrl(context: CliContext, { http }: LoadedConfig): string {
  const running = readRunFile(findDataDir(context))?.urls['publisher'];
  return http.publicUrl ?? running ?? `http://127.0.0.1:${DEFAULT_PORTS.publisher}`;
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
