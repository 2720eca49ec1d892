import type { Link } from './link.js';
import type { StoredMessage } from './message.js';
import { getNextMessage, toStored } from './stream-messages.js';

/** So many come in answer to one request. */
const BATCH = 256;

/**
 * The few messages of a filter among very many others, in order, to the end of the stream. No consumer is made for them,
 * whose making costs more with every subject of the stream.
 */
export async function* readSparse(link: Link, stream: string, filterSubject: string): AsyncGenerator<StoredMessage> {
  let next = 1;
  for (;;) {
    for await (const message of readBatch(link, stream, { next, filterSubject })) {
      if (message.sequence < next) continue;
      next = message.sequence + 1;
      yield message;
    }
    // Any replica may answer a batch, or break it off: whether that was all is asked of the leader.
    const following = await getNextMessage(link, stream, next, filterSubject);
    if (following === undefined) return;
    next = following.sequence + 1;
    yield following;
  }
}

async function* readBatch(
  link: Link,
  stream: string,
  { next, filterSubject }: { next: number; filterSubject: string },
): AsyncGenerator<StoredMessage> {
  const query = { seq: next, next_by_subj: filterSubject, batch: BATCH };
  try {
    for await (const found of await link.jsm.direct.getBatch(stream, query)) yield toStored(stream, found);
  } catch (error) {
    // Nothing there, as far as that replica knows.
    link.log.debug?.({ err: error, stream }, 'a batch of messages ended');
  }
}
