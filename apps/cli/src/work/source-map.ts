import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import pc from 'picocolors';
import { MeshError, type Notification } from '@crm-mesh/contract';
import type { ApiClient, MappedRecord, NotificationDraft, SourceContext, UnreadField } from '@crm-mesh/sdk';
import { isObject, readId } from '@crm-mesh/sdk/kit';
import {
  connectApi,
  mapSample,
  NO_API,
  openMapping,
  readRecordedRequest,
  type ConnectedApi,
  type MappedSample,
  type RecordedRequest,
} from '@crm-mesh/sources';
import type { CliContext } from '../cli-context.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { openConnection, readPathNames, type FoundConnection } from '../mesh/find-connection.js';
import { loadMeshConfig } from '../mesh/load-mesh-config.js';

interface MapOptions {
  sample: string;
  connection?: string;
  entity?: string;
  id?: string;
}

export async function mapFile(context: CliContext, options: MapOptions): Promise<ExitCode> {
  const sample = readSample(resolve(context.cwd, options.sample));
  const config = loadMeshConfig(context);
  const wished = options.connection ?? (sample.request && readPathNames(sample.request.url));
  const found = await openConnection(context, config, { wished });
  const { adjust } = await openMapping(found.connection.mapping, {
    path: `${found.path}.mapping`,
    cacheFolder: join(config.dataDir, 'cache', 'cli'),
  });
  const results: MappedSample[] = [];
  const { source } = found;
  // What a record refers to (the stages of a pipeline) is asked for where the CRM is.
  const api = openApi(found);
  const own = contextOf(found, api?.client('live') ?? NO_API);
  for (const { notification, fetched } of listNotifications(found, sample, { ...options, context: own })) {
    results.push(await mapSample({ source, context: own, adjust, notification, fetched }));
  }
  api?.close();
  context.terminal.printJson({ connection: found.title, records: results });
  context.terminal.print(results.map(renderMapped).join('\n\n') || 'The request holds no notification.');
  return results.some(isWanting) ? EXIT.problem : EXIT.ok;
}

/** What a refresh token is replaced with would be lost here, and the publisher could not go on. */
function openApi({ source, config, title }: FoundConnection): Pick<ConnectedApi, 'client' | 'close'> | undefined {
  const described = source.api?.(config);
  if (!described) return undefined;
  if (described.auth.kind !== 'oauth2' || described.auth.grant.type !== 'refresh_token')
    return connectApi(described, { now: Date.now });
  const what = `The mapping asks ${described.title}, and only the publisher may spend the refresh token of ${title}.`;
  const cure = 'Use a copy of mesh.yaml in which this connection has a token of its own (`mesh --config FILE …`).';
  return { client: () => ({ request: () => Promise.reject(usage(what, cure)) }), close: () => undefined };
}

interface Sample {
  request?: RecordedRequest;
  object?: Record<string, unknown>;
}

/** What has a URL and headers, or is no JSON, is a request. */
function readSample(file: string): Sample {
  const text = readText(file);
  const object = parse(text);
  return isObject(object) && !('headers' in object && 'url' in object)
    ? { object }
    : { request: readRecordedRequest(text) };
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const what = `The sample ${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)}).`;
    throw new MeshError('MESH_USAGE', what, { cause: error, cure: 'Name an existing file with --sample.' });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function contextOf({ connection, config, publicUrl }: FoundConnection, api: ApiClient): SourceContext {
  const quiet = (): void => undefined;
  return {
    tenant: connection.tenant,
    connection: connection.name,
    ...{ config, publicUrl, now: Date.now, urgency: 'live', api },
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  };
}

type Told = { notification: Notification; fetched?: unknown };

function listNotifications(
  found: FoundConnection,
  { request, object }: Sample,
  options: MapOptions & { context: SourceContext },
): Told[] {
  if (request) {
    if (!found.source.split) throw usage(`${found.connection.source} takes no webhooks.`, 'Give it an object.');
    return found.source.split(request, options.context).map((draft) => ({ notification: complete(found, draft) }));
  }
  const { entity } = options;
  if (entity === undefined) throw usage('It is not said what the object is.', 'Say it with --entity: contact, deal …');
  const id = options.id ?? readId(object?.id) ?? readId(object?.Id);
  if (id === undefined) throw usage('The object has no `id`.', 'Say it with --id.');
  const notification = complete(found, { entity, id, change: 'unknown', dedupeKey: 'sample', payload: object });
  return [{ notification, ...(found.source.fetch && { fetched: object }) }];
}

function complete({ connection }: FoundConnection, draft: NotificationDraft): Notification {
  const receivedAt = new Date().toISOString();
  return {
    ...draft,
    tenant: connection.tenant,
    connection: connection.name,
    ...{ origin: 'webhook', receivedAt, verifiedBy: 'sample' },
  };
}

const usage = (what: string, cure: string): MeshError => new MeshError('MESH_USAGE', what, { cure });

/** All of it, or a field, cannot be told. */
function isWanting({ mapped, refusal }: MappedSample): boolean {
  return refusal !== undefined || listUnread(mapped).length > 0;
}

function listUnread(mapped: MappedRecord): readonly UnreadField[] {
  return mapped.state === 'present' ? (mapped.unread ?? []) : [];
}

function renderMapped({ entity, id, mapped, refusal, leftOver }: MappedSample): string {
  const shown = mapped.state === 'present' ? JSON.stringify(mapped.record, undefined, 2) : mapped.state;
  return [
    `${refusal === undefined ? pc.green('✓') : pc.red('✗')} ${pc.bold(`${entity}/${id}`)}${mapped.state === 'present' && mapped.patch ? ' (patch)' : ''}`,
    shown,
    ...(refusal === undefined ? [] : [pc.red(refusal)]),
    ...listUnread(mapped).map(({ field, why }) => `${pc.red('left out:')} ${entity}.${field}: ${why}`),
    leftOver.length === 0 ? pc.dim('nothing was left over') : `${pc.yellow('left over:')} ${leftOver.join(', ')}`,
  ].join('\n');
}
