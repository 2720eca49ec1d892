import { describe, expect, it } from 'vitest';
import { parseAckSubject } from './delivery.js';

describe('parseAckSubject', () => {
  const facts = {
    stream: 'CRM_RAW',
    consumer: 'notifier',
    deliveryCount: 2,
    sequence: 17,
    consumerSequence: 9,
    storedAtMs: 1_794_000_000_123,
    pending: 4,
  };

  it.each([
    ['the usual form', '$JS.ACK.CRM_RAW.notifier.2.17.9.1794000000123456789.4'],
    ['with domain and account', '$JS.ACK.hub.AbCd.CRM_RAW.notifier.2.17.9.1794000000123456789.4'],
    ['with more behind', '$JS.ACK._.AbCd.CRM_RAW.notifier.2.17.9.1794000000123456789.4.x7'],
  ])('reads %s', (_, reply) => {
    expect(parseAckSubject(reply)).toEqual(facts);
  });

  it.each(['', '_INBOX.abc', '$JS.ACK.CRM_RAW.notifier.2', '$JS.ACK.S.c.x.17.9.1.4', '$JS.API.S.c.2.17.9.1.4'])(
    'refuses %j',
    (reply) => {
      expect(() => parseAckSubject(reply)).toThrow('no reply subject');
    },
  );
});
