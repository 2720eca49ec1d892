import { MeshError } from '@crm-mesh/contract';
import { PermanentError } from '../delivery-errors.js';
import type { Verification, VerificationFailure } from '../source/webhook.js';

/** The request is not proved: what `verify` gives. `reason` goes to the operator alone and holds no secret. */
export function refuseRequest(code: VerificationFailure, reason: string): Extract<Verification, { ok: false }> {
  return { ok: false, code, reason };
}

/** The request cannot be read: the publisher answers 400. `what` holds no personal data. */
export function refuseNotification(what: string, cause?: unknown): MeshError {
  return new MeshError('MESH_NOTIFICATION_INVALID', what, { cause });
}

/** The record cannot be mapped: the notification becomes a dead letter of the normaliser. `what` holds no personal data. */
export function refuseMapping(what: string, cure?: string): PermanentError {
  const cause = new MeshError('MESH_MAPPING_INVALID', what, cure === undefined ? undefined : { cure });
  return new PermanentError(cause.message, { cause });
}
