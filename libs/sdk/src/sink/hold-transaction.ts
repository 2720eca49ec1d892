import type { SinkTransaction, SinkWork } from './sink-transaction.js';

/**
 * Does the work on a transaction that is taken from it when it is over, or when the signal aborts: whatever the work was
 * about to do then, it cannot. Rejects with the signal's reason at once, so that the transaction is rolled back.
 */
export async function holdTransaction<Result>(
  transaction: Omit<SinkTransaction, 'dialect'>,
  dialect: SinkTransaction['dialect'],
  work: SinkWork<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  let isOver = false;
  const check = (): void => {
    signal?.throwIfAborted();
    if (isOver) throw new Error('the transaction is over: await every statement inside of it');
  };
  const held: SinkTransaction = {
    dialect,
    run: async (sql, parameters) => {
      check();
      return transaction.run(sql, parameters);
    },
    all: async (sql, parameters) => {
      check();
      return transaction.all(sql, parameters);
    },
  };
  try {
    check();
    const result = await unlessAborted(work(held), signal);
    // It may have ended in the turn of the abort.
    check();
    return result;
  } finally {
    isOver = true;
  }
}

/** Rejects with the reason of an abort, whatever becomes of the promise. */
export async function unlessAborted<Result>(promise: Promise<Result>, signal?: AbortSignal): Promise<Result> {
  if (!signal) return promise;
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason as Error);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
    promise.catch(() => undefined);
  }
}
