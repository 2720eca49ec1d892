/** Why a worker ended. */
export interface Death {
  reason: 'exit' | 'exception' | 'heap' | 'blocked' | 'overdue' | 'closed';
  /** To follow "its worker ended: ". */
  what: string;
  cure: string;
}

export const CLOSED: Death = { reason: 'closed', what: 'the host has closed it', cure: 'Nothing to do.' };
export const OVERDUE: Death = {
  reason: 'overdue',
  what: 'a handler went on after its time was up and its signal had been aborted',
  cure: 'Hand `signal` to what the handler waits for, or raise delivery.timeoutMs.',
};

export function describeBlocked(seconds: number): Death {
  return {
    reason: 'blocked',
    what: `it has not answered for ${seconds} s: something keeps its event loop, perhaps an endless loop`,
    cure: 'Let long work yield, or hand it to another process.',
  };
}

export function describeExit(code: number): Death {
  return {
    reason: 'exit',
    what: `process.exit(${code}) was called in it`,
    cure: 'Throw an error instead: it concerns one event alone.',
  };
}

/** For what the worker's `error` event tells. */
export function describeUncaught(error: unknown, heapMb: number): Death {
  const { name, message, code }: NodeJS.ErrnoException = error instanceof Error ? error : new Error(String(error));
  if (code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return {
      reason: 'heap',
      what: `it needed more than its ${heapMb} MB of heap`,
      cure: 'Find what the plugin keeps, or raise delivery.heapMb.',
    };
  }
  return {
    reason: 'exception',
    what: `an exception that nobody caught: ${name}: ${message}`,
    cure: 'Catch it where it is thrown: in a timer or a listener, outside of handle().',
  };
}

/** Its other events wait so long too, twice and longer where an event ends worker after worker until it is buried. */
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 60_000;
/** After such a life the next death counts as the first. */
const LONG_LIFE_MS = 60_000;

/** How many deaths in a row it makes, this one included. */
export function countDeaths(before: number, lifeMs: number): number {
  return lifeMs >= LONG_LIFE_MS ? 1 : before + 1;
}

/** How long to wait before a worker is started again, after so many deaths in a row. */
export function computeRestartMs(deaths: number): number {
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (deaths - 1));
}
