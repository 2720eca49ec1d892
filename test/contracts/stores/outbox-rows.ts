import { describe, expect, it } from 'vitest';
import type { OutgoingMessage } from '@crm-mesh/jetstream';
import type { Store } from '@crm-mesh/store';
import { Outbox } from '../../../apps/publisher/src/outbox/outbox.js';

const BOUNDS = { maxMessages: 1_000, maxBytes: 1_000_000 };
const messages = (...ids: string[]): OutgoingMessage[] =>
  ids.map((id) => ({ subject: `raw.acme.shop.deal.${id}`, payload: `payload ${id}`, messageId: id }));

export function describeOutboxRows(getStore: () => Store): void {
  const open = () => Outbox.open(getStore(), BOUNDS);
  const idsOf = async (outbox: Outbox, nowMs = 1_000) =>
    (await outbox.readDue(900, nowMs)).map(({ message }) => message.messageId);

  describe('the outbox', () => {
    it('keeps what it took to the byte, the oldest first, and counts it anew when it is opened', async () => {
      const outbox = await open();
      const bytes = Buffer.from([0, 255, 10, 13]);
      await outbox.take(messages('b'), 20);
      await outbox.take([{ subject: 'raw.a.b.c.x', payload: bytes, messageId: `a${'ä'.repeat(5_000)}` }], 10);
      const again = await open();
      expect(again.fill).toEqual(outbox.fill);
      const [first, second] = await again.readDue(9, 1_000);
      expect(Buffer.from(first!.message.payload)).toEqual(bytes);
      expect([first!.message.subject, second!.message.messageId]).toEqual(['raw.a.b.c.x', 'b']);
    });

    it('keeps what is sent twice once, also from another publisher on the same database', async () => {
      const [outbox, other] = [await open(), await open()];
      await Promise.all([outbox.take(messages('1', '2'), 1), other.take(messages('2', '3'), 2)]);
      expect((await idsOf(outbox)).toSorted()).toEqual(['1', '2', '3']);
      await outbox.recount();
      expect(outbox.fill.messages).toBe(3);
    });

    it('takes hundreds at the same moment, lets go of what is stored, and lets others pass what is refused', async () => {
      const outbox = await open();
      await Promise.all(
        Array.from({ length: 60 }, (_, i) => outbox.take(messages(`${i}a`, `${i}b`, `${i}c`, `${i}d`, `${i}e`), i)),
      );
      const rows = await outbox.readDue(900, 1_000);
      expect(rows.length).toBe(300);
      await outbox.remove(rows.slice(5));
      await outbox.postpone(rows.slice(0, 2), 5_000);
      expect([(await idsOf(outbox)).length, (await idsOf(outbox, 5_000)).length]).toEqual([3, 5]);
    });
  });
}
