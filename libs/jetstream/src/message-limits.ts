import { PublishError } from './publish-error.js';

/** The server's own limit for a control line is 4 KiB, past which it closes the connection; design §4 keeps subjects under 1 KiB. */
const MAX_SUBJECT_BYTES = 1024;
/** JetStream refuses more with 10097. */
const MAX_HEADER_BYTES = 65_535;

/** Whitespace, or a token that is empty or a wildcard. */
const ILLEGAL_SUBJECT = /\s|(?:^|\.)[*>]?(?:\.|$)/;

export interface MessageSize {
  subject: string;
  headerBytes: number;
  payloadBytes: number;
}

/** What the server would answer by silence, or by closing the connection, is refused here. */
export function checkMessageLimits(size: MessageSize, maxPayloadBytes: number): PublishError | undefined {
  const { subject, headerBytes, payloadBytes } = size;
  if (ILLEGAL_SUBJECT.test(subject)) {
    return new PublishError('permanent', `The subject '${shorten(subject)}' is not legal for a message.`, {
      code: 'MESH_MESSAGE_INVALID',
    });
  }
  // A UTF-16 unit is at most three bytes: most subjects need no count.
  if (subject.length * 3 > MAX_SUBJECT_BYTES && Buffer.byteLength(subject) > MAX_SUBJECT_BYTES) {
    return new PublishError('permanent', `The subject '${shorten(subject)}' is over ${MAX_SUBJECT_BYTES} bytes.`, {
      code: 'MESH_ID_TOO_LONG',
    });
  }
  if (headerBytes > MAX_HEADER_BYTES)
    return refuseSize(size, `its headers have ${headerBytes} bytes`, MAX_HEADER_BYTES);
  const total = headerBytes + payloadBytes;
  return total > maxPayloadBytes ? refuseSize(size, `it has ${total} bytes`, maxPayloadBytes) : undefined;
}

function refuseSize({ subject }: MessageSize, what: string, limit: number): PublishError {
  const message = `The message for '${shorten(subject)}' is too large: ${what}, the server takes ${limit}.`;
  return new PublishError('permanent', message, { code: 'MESH_MESSAGE_TOO_LARGE' });
}

function shorten(subject: string): string {
  return subject.length > 120 ? `${subject.slice(0, 117)}...` : subject;
}
