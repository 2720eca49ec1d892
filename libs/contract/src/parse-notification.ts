import type { ValidateFunction } from 'ajv';
import { MeshError } from './errors.js';
import type { Notification } from './notification.js';
import { parseJson } from './parse-json.js';
import { NOTIFICATION_SCHEMA } from './schema/notification-schema.js';
import { compileSchema, describeAjvErrors } from './validation/compile-schema.js';

let validate: ValidateFunction | undefined;

/** A notification as it stands on the stream. Throws MESH_EVENT_INVALID, which names the field and never the value. */
export function parseNotification(payload: Uint8Array | string): Notification {
  validate ??= compileSchema(NOTIFICATION_SCHEMA);
  const notification = parseJson(payload, 'A notification');
  if (validate(notification)) return notification as Notification;
  throw new MeshError(
    'MESH_EVENT_INVALID',
    `A notification breaks its schema: ${describeAjvErrors(validate.errors).join('; ')}.`,
  );
}
