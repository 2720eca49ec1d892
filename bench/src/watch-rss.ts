import { setTimeout as delay } from 'node:timers/promises';
import type { Worker } from './worker.js';

const SAMPLE_MS = 100;

export interface RssWatch {
  /** The most that was seen so far, in MB. */
  readonly mostMb: number;
  /** Resolves to the most that was seen. */
  stop(): Promise<number>;
}

export function watchRss(worker: Worker): RssWatch {
  let mostMb = 0;
  let isWatching = true;
  const watching = (async () => {
    while (isWatching) {
      mostMb = Math.max(mostMb, await worker.readRssMb());
      await delay(SAMPLE_MS);
    }
  })();
  return {
    get mostMb() {
      return mostMb;
    },
    stop: async () => {
      isWatching = false;
      await watching;
      return mostMb;
    },
  };
}
