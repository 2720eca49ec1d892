import { PulledDelivery } from './delivery.js';
import type { Delivery } from './message.js';

/** `ack`: done. `back`: to the server at once (shutdown only). `term`: buried, never again. `working`: extends ack_wait. */
export type Settlement = 'ack' | 'back' | 'term' | 'working';

const ANSWERS: Record<Settlement, Uint8Array> = {
  ack: Buffer.from('+ACK'),
  // Without a delay: a nak with one breaks the order after a crash, waits are held in the host (design §5).
  back: Buffer.from('-NAK'),
  term: Buffer.from('+TERM'),
  working: Buffer.from('+WPI'),
};

/**
 * The only place of the repository that acks, naks or terminates. Fire and forget: never throws, and what is lost on a
 * broken connection is delivered again.
 */
export function settle(delivery: Delivery, settlement: Settlement): void {
  if (delivery instanceof PulledDelivery) delivery.respond(ANSWERS[settlement], settlement !== 'working');
}
