import type { Way } from './way.js';

/** A server of the user's. Whether it answers and is new enough is seen when the mesh connects to it. */
export const ownServer: Way = {
  name: 'NATS_URL',
  try({ env }) {
    const url = env['NATS_URL']?.trim();
    if (!url) return Promise.reject(new Error('is not set'));
    return Promise.resolve({ kind: 'external', url });
  },
};
