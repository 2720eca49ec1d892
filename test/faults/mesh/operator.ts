import { setTimeout as delay } from 'node:timers/promises';
import { DiscardPolicy, type JsMsg } from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import type { FaultMesh } from './fault-mesh.js';
import { PLUGIN } from './fault-plugin.js';

type Look = Pick<FaultMesh, 'jsm'>;

const POLL_MS = 20;

/** What an operator may do by hand; the server looks at what is pending anew, 100 ms later. */
export async function setAckWait({ jsm }: Look, ms: number): Promise<void> {
  await jsm.consumers.update('CRM_EVENTS', PLUGIN, { ack_wait: nanos(ms) });
}

/** So often the server delivers a message to the plugin; then it gives it up. */
export async function setMaxDeliver({ jsm }: Look, count: number): Promise<void> {
  await jsm.consumers.update('CRM_EVENTS', PLUGIN, { max_deliver: count });
}

/** Takes what waits for the plugin, while its host is away, and does nothing about it. */
export async function takeAway({ jsm, givenUp }: Look & Pick<FaultMesh, 'givenUp'>, count: number): Promise<JsMsg[]> {
  const consumer = await jsm.jetstream().consumers.get('CRM_EVENTS', PLUGIN);
  const taken: JsMsg[] = [];
  for await (const message of await consumer.fetch({ max_messages: count, expires: 5_000 })) taken.push(message);
  for (const { seq } of taken) givenUp.add(seq);
  return taken;
}

/** The stream takes nothing more, as a full one does, until {@link openStream}. */
export async function closeStream({ jsm }: Look, stream: string): Promise<void> {
  await jsm.streams.update(stream, { discard: DiscardPolicy.New, max_bytes: 1 });
}

export async function openStream({ jsm }: Look, stream: string): Promise<void> {
  await jsm.streams.update(stream, { max_bytes: -1 });
}

/** Not yet settled by the durable: what it has not got, and what it has in hand. */
export async function countOpen(
  { jsm }: Look,
  stream: string,
  durable: string,
): Promise<Record<'behind' | 'held', number>> {
  const { num_pending: behind, num_ack_pending: held } = await jsm.consumers.info(stream, durable);
  return { behind, held };
}

/** Resolves to whether it came true in time; for what a planted bug brings about and right code does not. */
export async function cameTrue(condition: () => boolean | Promise<boolean>, timeoutMs: number): Promise<boolean> {
  for (const endMs = Date.now() + timeoutMs; Date.now() < endMs; await delay(POLL_MS)) {
    if (await condition()) return true;
  }
  return false;
}

/** Rejects where it does not come true. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 60_000,
): Promise<void> {
  if (!(await cameTrue(condition, timeoutMs))) throw new Error(`waited ${timeoutMs} ms for this: ${what}`);
}

/** Until everything that was sent is told, so that what is sent next comes behind it. */
export async function untilTold(mesh: Look): Promise<void> {
  await until('the normaliser has settled everything', async () => {
    const { behind, held } = await countOpen(mesh, 'CRM_RAW', 'normaliser');
    return behind + held === 0;
  });
}
