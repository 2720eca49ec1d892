import { hash } from 'node:crypto';
import { stringifyCanonical } from './canonical-json.js';
import type { AnyRecord } from './records/index.js';

/**
 * The same for records with the same content: SHA-256 in base64url (43 characters) of the JSON with sorted keys.
 * `modifiedAt` is no content: CRMs touch it for nothing. An empty `custom` is the same as none.
 */
export function hashContent(record: AnyRecord): string {
  const { modifiedAt: _modifiedAt, custom, ...fields } = record;
  const content = custom && Object.keys(custom).length > 0 ? { ...fields, custom } : fields;
  return hash('sha256', stringifyCanonical(content) ?? '', 'base64url');
}
