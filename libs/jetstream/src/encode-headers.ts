import type { MsgHdrs } from '@nats-io/transport-node';
import { PublishError } from './publish-error.js';

const LINE_BREAK = /[\r\n]/;
const ILLEGAL_NAME = /[\s:]/;

/**
 * A header block ready for the wire. The client's own `headers().set()` costs ten times as much (3.4 µs an event), and
 * `publish` only ever calls `encode()`.
 */
export function encodeHeaders(messageId: string, headers: Readonly<Record<string, string>> | undefined): Buffer {
  let block = `NATS/1.0\r\nNats-Msg-Id: ${checkValue('Nats-Msg-Id', messageId)}\r\n`;
  if (headers !== undefined) {
    for (const name in headers) {
      if (name === '' || ILLEGAL_NAME.test(name)) throw refuseHeader(name);
      block += `${name}: ${checkValue(name, headers[name]!)}\r\n`;
    }
  }
  return Buffer.from(`${block}\r\n`);
}

/** As the client's `publish` wants it. */
export function asHeaders(encoded: Buffer): MsgHdrs {
  return { encode: () => encoded } as unknown as MsgHdrs;
}

function checkValue(name: string, value: string): string {
  if (LINE_BREAK.test(value)) throw refuseHeader(name);
  return value;
}

function refuseHeader(name: string): PublishError {
  return new PublishError('permanent', `The header '${name}' holds a character that no header can carry.`, {
    code: 'MESH_MESSAGE_INVALID',
  });
}
