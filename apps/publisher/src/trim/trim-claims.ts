import type { Claim, Nats } from '@crm-mesh/jetstream';

/** An object is stored before the message that names it. */
const GRACE_MS = 3_600_000;

/** The oldest message of each stream, epoch milliseconds; a stream that holds none: now. */
type OldestByRoot = ReadonlyMap<string, number>;

const STREAM_BY_ROOT = new Map([
  ['raw', 'CRM_RAW'],
  ['crm', 'CRM_EVENTS'],
  ['direct', 'CRM_DIRECT'],
]);

/** Whether every message that could name the object has left its stream. */
export function isOutlived({ subject, storedAtMs }: Claim, oldest: OldestByRoot): boolean {
  const oldestMs = oldest.get(subject.slice(0, subject.indexOf('.')));
  return oldestMs !== undefined && storedAtMs < oldestMs - GRACE_MS;
}

/** Deletes objects that no message names any more. Resolves to how many. */
export async function trimClaims(nats: Nats, now: () => number): Promise<number> {
  const claims = await nats.listClaims();
  if (claims.length === 0) return 0;
  const oldest = await readOldest(nats, now);
  let deleted = 0;
  for (const claim of claims.filter((one) => isOutlived(one, oldest))) {
    if (await isOwed(nats, claim)) continue;
    await nats.deleteClaim(claim.name);
    deleted += 1;
  }
  return deleted;
}

async function readOldest(nats: Nats, now: () => number): Promise<OldestByRoot> {
  const oldest = new Map<string, number>();
  for (const [root, stream] of STREAM_BY_ROOT) {
    const { messages, firstSequence } = await nats.streamState(stream);
    const first = messages > 0 ? await nats.getNextMessage(stream, firstSequence) : undefined;
    oldest.set(root, first?.storedAtMs ?? now());
  }
  return oldest;
}

/** A dead letter of the record, or a copy on its way to one consumer, may still name it. */
async function isOwed(nats: Nats, { subject }: Claim): Promise<boolean> {
  const tail = subject
    .split('.')
    .slice(subject.startsWith('direct.') ? 2 : 1)
    .join('.');
  const letter = await nats.getNextMessage('CRM_DEAD', 1, `dead.*.${tail}`);
  return letter !== undefined || (await nats.getNextMessage('CRM_DIRECT', 1, `direct.*.${tail}`)) !== undefined;
}
