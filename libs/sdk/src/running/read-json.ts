import { MeshError } from '@crm-mesh/contract';
import { PermanentError } from '../delivery-errors.js';

/** Of a receipt, and of what a transaction gives back. */
const MOST_BYTES = 16_384;

/** A value as it is kept: as JSON text, and as that gives it back. Throws `PermanentError`: another run would not mend it. */
export function readJson(value: unknown, what: string): { value?: unknown; text?: string } {
  if (value === undefined) return {};
  const text = stringify(value, what);
  if (text === undefined) throw refuse(`${what} is no JSON value`);
  const bytes = Buffer.byteLength(text);
  if (bytes > MOST_BYTES) throw refuse(`${what} has ${bytes} bytes as JSON; ${MOST_BYTES} are kept`);
  return { value: JSON.parse(text) as unknown, text };
}

function stringify(value: unknown, what: string): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (cause) {
    throw refuse(`${what} is no JSON value`, cause);
  }
}

function refuse(what: string, cause?: unknown): PermanentError {
  const refusal = new MeshError('MESH_RECEIPT_INVALID', `${what}.`, { cause });
  return Object.assign(new PermanentError(refusal.message, { cause: refusal }), { code: refusal.code });
}
