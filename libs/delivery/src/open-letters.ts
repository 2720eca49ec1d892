import type { Nats } from '@crm-mesh/jetstream';
import { publishAudit, type AuditEntry } from './audit.js';
import type { DeadLetter } from './dead-letter.js';

/** A dead letter that nobody has closed yet. */
export interface OpenLetter {
  letter: DeadLetter;
  /** In CRM_DEAD. */
  sequence: number;
}

/** Undefined when it is not there (any more), or another consumer's. */
export async function readOpenLetter(nats: Nats, consumer: string, sequence: number): Promise<OpenLetter | undefined> {
  const stored = await nats.getMessage('CRM_DEAD', sequence);
  const letter = stored && (JSON.parse(Buffer.from(stored.data).toString('utf8')) as DeadLetter);
  return letter?.consumer === consumer ? { letter, sequence } : undefined;
}

/** First CRM_AUDIT says what became of it, then it goes. */
export async function closeLetter(nats: Nats, { letter, sequence }: OpenLetter, deed: Deed): Promise<void> {
  const { consumer } = letter;
  await publishAudit(nats, { ...deed, consumer, deadLetter: withoutPayload(letter, sequence) });
  await nats.deleteMessage('CRM_DEAD', sequence);
}

type Deed = Omit<AuditEntry, 'consumer' | 'deadLetter' | 'original'>;

/** Payloads are personal data, and CRM_AUDIT is kept for ever. */
function withoutPayload(letter: DeadLetter, sequence: number): AuditEntry['deadLetter'] {
  const { payload: _payload, payloadText: _text, payloadBase64: _base64, ...original } = letter.original;
  return { ...letter, sequence, original };
}
