import { jetstream } from '@nats-io/jetstream';
import { Kvm, type KV } from '@nats-io/kv';
import type { Link } from './link.js';

const BUCKET = 'mesh_leases';
/** A renewal later than this is worth nothing. */
const TIMEOUT_MS = 1_000;

export interface LeaseBucket {
  kv: KV;
  /** By the server's clock. A bucket is written to less than once in a millisecond: one made anew counts from higher on. */
  createdMs: number;
}

/** Created if missing, also by two at once. Read from the leader: a replica that lags would look like a holder asleep. */
export async function openLeaseBucket(link: Link): Promise<LeaseBucket> {
  const client = jetstream(link.nc, { ...link.apiOptions(), timeout: TIMEOUT_MS });
  const kv = await new Kvm(client).create(BUCKET, {
    history: 1,
    allow_direct: false,
    description: 'Who leads what: one key a lease, renewed every second',
  });
  const { created } = await link.jsm.streams.info(`KV_${BUCKET}`);
  return { kv, createdMs: Date.parse(created) };
}

export interface ReleaseWatch {
  /** Resolves when the holder gives the lease back; a hint, the bucket decides. */
  released(): Promise<void>;
  stop(): void;
}

/** A release is an ordinary message on the bucket's subject: listening to it spares the wait for the next poll. */
export function watchRelease(link: Link, name: string): ReleaseWatch {
  let wake = (): void => undefined;
  const subscription = link.nc.subscribe(`$KV.${BUCKET}.${name}`, {
    callback: (error, message) => {
      // A user without the right to listen still polls.
      if (error === null && message.data.length === 0) wake();
    },
  });
  return {
    released: () => new Promise((resolve) => (wake = resolve)),
    stop: () => {
      if (!link.nc.isClosed()) subscription.unsubscribe();
    },
  };
}
