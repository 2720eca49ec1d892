/** What the barrier knows when it decides. */
export interface BarrierView {
  /** Delivered and not settled, as the server counts. */
  ackPending: number;
  /**
   * Delivered before the server was asked, and not settled since: what came later may stand for one that is missing. Of
   * what the server knows to be delivered: else one that it has forgotten would stand for one that is missing.
   */
  held: number;
  /** In hand, forgotten by a server that was killed, and not let go yet: they might run before what is delivered again. */
  forgotten: number;
  /** Since when more was held than the server has pending; undefined while it is not so. */
  excessSinceMs: number | undefined;
  ackWaitMs: number;
  nowMs: number;
}

export type BarrierDecision =
  | { kind: 'open' }
  /** More is held than the server knows of, for a whole `ack_wait`: someone else purged or acked. */
  | { kind: 'open-alarmed' }
  | { kind: 'wait'; excessSinceMs: number | undefined };

/**
 * Whether lanes may run again after a start or a gap: not before everything that was pending has come back.
 * Until then an older event of a record may still be on its way, and a newer one would overtake it.
 */
export function decideBarrier(view: BarrierView): BarrierDecision {
  if (view.held === view.ackPending && view.forgotten === 0) return { kind: 'open' };
  if (view.held < view.ackPending || view.forgotten > 0) return { kind: 'wait', excessSinceMs: undefined };
  const excessSinceMs = view.excessSinceMs ?? view.nowMs;
  if (view.nowMs - excessSinceMs >= view.ackWaitMs) return { kind: 'open-alarmed' };
  return { kind: 'wait', excessSinceMs };
}

export type BarrierDecider = typeof decideBarrier;
