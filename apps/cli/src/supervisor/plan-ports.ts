import { findFreePort } from '@crm-mesh/nats-server';
import type { AppPorts } from './default-ports.js';

type FindPort = (wished: number) => Promise<number>;

/** The wished ports where they are free, else others; never one twice. */
export async function planPorts(wished: AppPorts, find: FindPort = findFreePort): Promise<AppPorts> {
  const taken = new Set<number>();
  const choose = async (port: number): Promise<number> => {
    let free = await find(taken.has(port) ? 0 : port);
    while (taken.has(free)) free = await find(0);
    taken.add(free);
    return free;
  };
  // One after the other: the wish of the first wins.
  const publisher = await choose(wished.publisher);
  const host = await choose(wished.host);
  return { publisher, host, sandbox: await choose(wished.sandbox) };
}
