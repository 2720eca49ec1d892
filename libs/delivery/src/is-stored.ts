import type { Nats } from '@crm-mesh/jetstream';

const MESSAGE_ID = 'Nats-Msg-Id';

type Wanted = { subject: string; messageId: string };

/**
 * The sequence of the message of this id; undefined where the stream does not hold it. The server itself remembers ids
 * for two minutes only; a process that was killed may come back later than that. `subject`: of few messages, for they
 * may all be read.
 */
export async function findStored(
  nats: Nats,
  stream: string,
  { subject, messageId }: Wanted,
): Promise<number | undefined> {
  const last = await nats.getLastMessage(stream, subject);
  if (last === undefined) return undefined;
  if (last.header(MESSAGE_ID) === messageId) return last.sequence;
  for await (const message of nats.readStream(stream, { fromSequence: 1, filterSubject: subject })) {
    if (message.header(MESSAGE_ID) === messageId) return message.sequence;
  }
  return undefined;
}

export async function isStored(nats: Nats, stream: string, wanted: Wanted): Promise<boolean> {
  return (await findStored(nats, stream, wanted)) !== undefined;
}
