import { describe, expect, it } from 'vitest';
import { notificationMessageId } from './message-id.js';

const notification = { tenant: 'acme', connection: 'hubspot', dedupeKey: '1-2-3' };

describe('notificationMessageId', () => {
  it('is short, and the same for the same statement', () => {
    const id = notificationMessageId(notification);
    expect(id).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(notificationMessageId({ ...notification })).toBe(id);
    expect(notificationMessageId({ ...notification, dedupeKey: 'x'.repeat(100_000) })).toHaveLength(43);
  });

  it.each([
    [{ tenant: 'other' }],
    [{ connection: 'other' }],
    [{ dedupeKey: 'other' }],
    [{ tenant: 'acmehub', connection: 'spot' }],
    [{ tenant: 'acme","hubspot', connection: '' }],
  ])('differs with %o', (part) => {
    expect(notificationMessageId({ ...notification, ...part })).not.toBe(notificationMessageId(notification));
  });
});
