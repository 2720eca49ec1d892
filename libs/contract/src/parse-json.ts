import { isUtf8 } from 'node:buffer';
import { MeshError } from './errors.js';

/** JSON of a message. `what` opens the error's sentence: `An event`. Throws MESH_EVENT_INVALID. */
export function parseJson(payload: Uint8Array | string, what: string): unknown {
  const text = typeof payload === 'string' ? payload : decodeUtf8(payload, what);
  try {
    return JSON.parse(text);
  } catch {
    // The cause would quote the text, and with it personal data.
    throw new MeshError('MESH_EVENT_INVALID', `${what} is not JSON.`);
  }
}

function decodeUtf8(payload: Uint8Array, what: string): string {
  if (!isUtf8(payload)) throw new MeshError('MESH_EVENT_INVALID', `${what} is not UTF-8 text.`);
  return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('utf8');
}
