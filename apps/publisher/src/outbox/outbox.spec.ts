import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OutgoingMessage } from '@crm-mesh/jetstream';
import { openStore, type Store } from '@crm-mesh/store';
import { makeTempDir, type TempDir } from '@crm-mesh/testing';
import { OUTBOX_MIGRATIONS } from './migrations.js';
import { Outbox } from './outbox.js';

const BOUNDS = { maxMessages: 5, maxBytes: 10_000 };

let folder: TempDir;
let store: Store;
let outbox: Outbox;

async function open(): Promise<void> {
  store = await openStore({ url: `sqlite:${folder.path}/outbox.db`, migrations: OUTBOX_MIGRATIONS });
  outbox = await Outbox.open(store, BOUNDS);
}

beforeEach(async () => {
  folder = makeTempDir('outbox');
  await open();
});
afterEach(async () => {
  await store.close();
  folder.remove();
});

const messages = (...ids: string[]): OutgoingMessage[] =>
  ids.map((id) => ({ subject: `raw.acme.shop.deal.${id}`, payload: `payload ${id}`, messageId: id }));
const ids = async (nowMs = 1_000): Promise<string[]> =>
  (await outbox.readDue(100, nowMs)).map(({ message }) => message.messageId);

describe('the outbox', () => {
  it('keeps what it took over a restart, to the byte, and hands out the oldest first', async () => {
    const bytes = Buffer.from([0, 255, 10, 13]);
    await outbox.take(messages('b'), 20);
    await outbox.take([{ subject: 'raw.a.b.c.x', payload: bytes, messageId: 'a' }], 10);
    const { fill } = outbox;
    await store.close();
    await open();
    expect(outbox.fill).toEqual(fill);
    expect(await ids()).toEqual(['a', 'b']);
    const [first] = await outbox.readDue(1, 1_000);
    expect(first!.message.subject).toBe('raw.a.b.c.x');
    expect(Buffer.from(first!.message.payload)).toEqual(bytes);
  });

  it('takes a batch whole or not at all', async () => {
    await outbox.take(messages('1', '2', '3'), 1);
    await expect(outbox.take(messages('4', '5', '6'), 2)).rejects.toThrow('MESH_OUTBOX_FULL');
    expect(await ids()).toEqual(['1', '2', '3']);
    await outbox.take(messages('4', '5'), 3);
    expect([outbox.isFull, outbox.fill.messages]).toEqual([true, 5]);
  });

  it('is bounded in bytes as well', async () => {
    const large = { subject: 's', payload: Buffer.alloc(9_000), messageId: 'large' };
    await outbox.take([large], 1);
    await expect(outbox.take([{ ...large, messageId: 'larger' }], 1)).rejects.toThrow('MESH_OUTBOX_FULL');
  });

  it('bounds also what comes at the same moment', async () => {
    const outcomes = await Promise.allSettled(
      ['a', 'b', 'c', 'd'].map((id) => outbox.take(messages(`${id}1`, `${id}2`), 1)),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'rejected']);
    expect(await ids()).toEqual(['a1', 'a2', 'b1', 'b2']);
  });

  it('keeps what is sent twice once', async () => {
    await outbox.take(messages('1'), 1);
    await outbox.take(messages('1', '2'), 2);
    await outbox.recount();
    expect([await ids(), outbox.fill.messages]).toEqual([['1', '2'], 2]);
  });

  it('takes nothing of a batch that the store refuses, and has room for it afterwards', async () => {
    await store.write((tx) => tx.run('ALTER TABLE publisher_outbox RENAME TO elsewhere'));
    await expect(outbox.take(messages('1', '2', '3', '4', '5'), 1)).rejects.toThrow('no such table');
    await store.write((tx) => tx.run('ALTER TABLE elsewhere RENAME TO publisher_outbox'));
    expect(outbox.fill).toEqual({ messages: 0, bytes: 0 });
    await outbox.take(messages('1', '2', '3', '4', '5'), 1);
  });

  it('lets go of what is stored, and lets others pass what is refused', async () => {
    await outbox.take(messages('1', '2', '3'), 1);
    const rows = await outbox.readDue(2, 1_000);
    await outbox.remove(rows.slice(0, 1));
    await outbox.postpone(rows.slice(1), 5_000);
    expect([await ids(), await ids(5_000), outbox.fill.messages]).toEqual([['3'], ['3', '2'], 2]);
  });
});
