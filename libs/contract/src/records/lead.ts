import { IsBoolean } from 'class-validator';
import { BaseRecord } from './base-record.js';
import { IsAbsentOr, IsPart, IsText, IsTextList } from './field-decorators.js';
import { Money } from './money.js';

/** A prospect that is no deal yet. */
export class Lead extends BaseRecord {
  /** What people call it: a title, or the person's full name. */
  @IsText()
  name?: string;

  @IsText()
  firstName?: string;

  @IsText()
  lastName?: string;

  @IsText()
  email?: string;

  @IsText()
  phone?: string;

  @IsText()
  companyName?: string;

  /** In the CRM's own words. */
  @IsText()
  status?: string;

  @IsPart(() => Money)
  amount?: Money;

  @IsText()
  companyId?: string;

  @IsTextList()
  contactIds?: string[];

  /** Whether it has become a contact, company or deal, by the CRM's own mark. */
  @IsAbsentOr()
  @IsBoolean()
  converted?: boolean;

  /** The deal it was converted into. */
  @IsText()
  convertedDealId?: string;

  @IsText()
  convertedContactId?: string;

  @IsText()
  convertedCompanyId?: string;
}
