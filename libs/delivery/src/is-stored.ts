import type { Nats } from '@crm-mesh/jetstream';

const MESSAGE_ID = 'Nats-Msg-Id';

/**
 * Whether a stream holds a message of this id. The server itself remembers ids for two minutes only; a process that was
 * killed may come back later than that. `subject`: of few messages, for they may all be read.
 */
export async function isStored(
  nats: Nats,
  stream: string,
  { subject, messageId }: { subject: string; messageId: string },
): Promise<boolean> {
  const last = await nats.getLastMessage(stream, subject);
  if (last === undefined) return false;
  if (last.header(MESSAGE_ID) === messageId) return true;
  for await (const message of nats.readStream(stream, { fromSequence: 1, filterSubject: subject })) {
    if (message.header(MESSAGE_ID) === messageId) return true;
  }
  return false;
}
