import { isKnownEntity, type Notification } from '@crm-mesh/contract';
import { RECORD_CLASSES, CustomRecord } from '@crm-mesh/contract/records';
import type { ApiDescription, Log, NotificationDraft, SourceContext, WebhookRequest } from '@crm-mesh/sdk';
import { plainToInstance } from 'class-transformer';
import { validateSync, type ValidationError } from 'class-validator';
import { readFileSync } from 'node:fs';
import { connectApi } from '../src/kit/api/connect-api.js';
import { NO_API } from '../src/kit/api/no-api.js';

/** When the samples were sent. */
export const SAMPLE_TIME_MS = 1_774_368_002_450;
export const PUBLIC_URL = 'https://mesh.example.net/ingest/hubspot/acme';

const samples = new URL('../../../test/samples/', import.meta.url);

export function readSample(path: string): Buffer {
  return readFileSync(new URL(path, samples));
}

/** The caller says what the sample holds. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters
export function readSampleJson<T>(path: string): T {
  return JSON.parse(readSample(path).toString()) as T;
}

export function createLog(): Log & { lines: unknown[] } {
  const lines: unknown[] = [];
  const write = (...line: unknown[]): void => void lines.push(line);
  return { lines, debug: write, info: write, warn: write, error: write };
}

/** The configuration as `mesh.yaml` would give it: what the class refuses fails the test. */
export function createConfig<C extends object>(configClass: new () => C, plain: object): C {
  const config = plainToInstance(configClass, plain);
  const errors = listErrors(config);
  if (errors.length > 0) throw new Error(errors.join('\n'));
  return config;
}

export function listErrors(instance: object): string[] {
  return flatten(
    validateSync(instance, { whitelist: true, forbidNonWhitelisted: true, forbidUnknownValues: false }),
    '',
  );
}

function flatten(errors: ValidationError[], path: string): string[] {
  return errors.flatMap((error) => [
    ...Object.values(error.constraints ?? {}).map((message) => `${path}${error.property}: ${message}`),
    ...flatten(error.children ?? [], `${path}${error.property}.`),
  ]);
}

interface ContextOptions<C> {
  nowMs?: number;
  /** Instead of `nowMs`, where time goes on. */
  now?(): number;
  publicUrl?: string;
  /** The source's own: the context has its API then. */
  api?(config: C): ApiDescription;
}

export function createContext<C>(config: C, options: ContextOptions<C> = {}): SourceContext<C> {
  const now = options.now ?? (() => options.nowMs ?? SAMPLE_TIME_MS);
  return {
    tenant: 'acme',
    connection: 'crm',
    config,
    publicUrl: options.publicUrl ?? PUBLIC_URL,
    now,
    log: createLog(),
    urgency: 'live',
    api: options.api ? connectApi(options.api(config), { now }).client('live') : NO_API,
  };
}

export function createRequest(
  part: Partial<Omit<WebhookRequest, 'body'>> & { body?: string | Uint8Array } = {},
): WebhookRequest {
  return {
    method: 'POST',
    url: '/ingest/hubspot/acme',
    headers: {},
    ...part,
    body: Buffer.from((part.body ?? '') as string),
  };
}

export function toNotification(draft: NotificationDraft): Notification {
  return {
    ...draft,
    tenant: 'acme',
    connection: 'crm',
    origin: 'webhook',
    receivedAt: new Date(SAMPLE_TIME_MS).toISOString(),
    verifiedBy: 'test',
  };
}

/** What the contract finds wrong with a record. */
export function listRecordErrors(entity: string, record: unknown): string[] {
  const recordClass = isKnownEntity(entity) ? RECORD_CLASSES[entity] : CustomRecord;
  return listErrors(plainToInstance(recordClass as new () => object, record));
}
