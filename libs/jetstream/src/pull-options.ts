import type { Delivery } from './message.js';

/** An endless pull with back-pressure: the server is asked only for what the loop takes. Ends after `stop()` or deletion. */
export interface Pull extends AsyncIterable<Delivery> {
  /** Asks for nothing more and ends the loop; what was buffered is handed out first. */
  stop(): Promise<void>;
  /** A pause is over: by itself the server would notice with the next heartbeat, seconds later. */
  nudge(): void;
}

/** What happens to a pull beside messages. `interrupted`: deliveries may have been lost on the way (a reconnect, missed heartbeats). */
export type PullNotice = { kind: 'interrupted' } | { kind: 'deleted' } | { kind: 'limited'; detail: string };

export interface PullOptions {
  maxMessages: number;
  /** How long the server keeps a request; default 30 s. What it sends to who asked, and does not listen any more, is late. */
  expiresMs?: number | undefined;
  onNotice: (notice: PullNotice) => void;
}
