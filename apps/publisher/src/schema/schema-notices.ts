import { createHash } from 'node:crypto';
import { auditSubject } from '@crm-mesh/contract';
import type { Nats } from '@crm-mesh/jetstream';
import type { SchemaChange } from '@crm-mesh/sources';
import type { Logger, Metrics } from '@crm-mesh/telemetry';
import type { Readers } from './find-readers.js';

export interface SchemaNotice extends Omit<SchemaChange, 'kind'> {
  /** `field-unread`: records are told without the field, which is one of the canonical record. */
  kind: SchemaChange['kind'] | 'field-unread';
  /** `acme/hubspot` */
  connection: string;
  readBy: Readers;
  /** The change was seen in what the CRM sends, not in its metadata: `field` is a path in its objects. */
  seenIn?: 'payloads';
  /** For `field-unread`: what is wrong, in words, and how often it was since it was told last. */
  why?: string;
  times?: number;
}

const UNREAD = 'a field of a CRM cannot be read: records are told without it, and keep what was known';

/** Tells that a CRM's metadata has changed: to the log, the metrics, and to CRM_AUDIT under `audit.schema.<connection>`. */
export class SchemaNotices {
  readonly #changes;

  constructor(private readonly options: { nats: Nats; log: Logger; metrics: Metrics; now(): number }) {
    this.#changes = options.metrics.counter(
      'mesh_source_schema_changes_total',
      "Changes of a CRM's metadata, by what changed.",
      ['connection', 'kind'],
    );
  }

  /** Resolves when it lies in CRM_AUDIT: told twice after a crash, it lies there once within the stream's window. */
  async tell(notice: SchemaNotice): Promise<void> {
    const { nats, log, now } = this.options;
    const { connection, kind, readBy } = notice;
    const at = new Date(now()).toISOString();
    const payload = JSON.stringify({ at, by: 'crm-mesh', did: 'schema-changed', ...notice });
    const hash = createHash('sha256').update(JSON.stringify(notice)).digest('base64url');
    const messageId = `audit:schema:${hash}`;
    await nats.publish({ subject: auditSubject('schema', connection), payload, messageId });
    this.#changes.inc({ connection, kind });
    const isRead = readBy.source || readBy.mappings.length + readBy.plugins.length > 0;
    const level = isRead && kind !== 'field-added' && kind !== 'entity-added' ? 'warn' : 'info';
    log[level](notice, kind === 'field-unread' ? UNREAD : 'the schema of a CRM has changed');
  }
}
