import { IsNotEmpty, IsObject, IsString } from 'class-validator';
import { IsAbsentOr, IsText, IsTextList, IsTimestamp } from './field-decorators.js';

/**
 * What every canonical record carries. Fields that the model does not know are refused, except inside `custom`: a
 * typing error in a mapping must not go unseen. A field without a value is absent, never null.
 */
export class BaseRecord {
  /** The CRM's own id, as text. How long it may be is decided by the subject that it becomes part of. */
  @IsString()
  @IsNotEmpty()
  id!: string;

  /** The CRM user who owns it. */
  @IsText()
  ownerId?: string;

  /** When it was made in the CRM; ISO 8601 with a zone. */
  @IsTimestamp()
  createdAt?: string;

  /** When it was last changed, by the CRM's clock; ISO 8601 with a zone. It is no content: a newer time alone is no event. */
  @IsTimestamp()
  modifiedAt?: string;

  /** Fields that the canonical model does not know, by their CRM names; any JSON values. */
  @IsAbsentOr()
  @IsObject()
  custom?: Record<string, unknown>;

  /**
   * Fields that could not be read from the CRM this time, sorted: `['amount']`, `['address.country']`. Each stands as it was
   * last known, or not at all; it may be otherwise by now. Absent: all of the record is as the CRM has it.
   */
  @IsTextList()
  unread?: string[];
}
