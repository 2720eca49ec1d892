import { BaseRecord } from './base-record.js';
import { IsText } from './field-decorators.js';

/** An object type that the canonical model does not know: everything stands in `custom`. */
export class CustomRecord extends BaseRecord {
  /** What people call it, where the CRM has one field for that. */
  @IsText()
  name?: string;
}
