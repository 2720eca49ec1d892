import type { Nats } from '@crm-mesh/jetstream';

/** The sequence from which on messages were stored at that time or later; behind the last where there are none. */
export async function findMoment(nats: Nats, stream: string, timeMs: number): Promise<number> {
  let from = 1;
  let end = (await nats.streamState(stream)).lastSequence + 1;
  while (from < end) {
    const middle = Math.floor((from + end) / 2);
    const message = await nats.getNextMessage(stream, middle);
    if (message === undefined || message.storedAtMs >= timeMs) end = middle;
    else from = message.sequence + 1;
  }
  return from;
}
