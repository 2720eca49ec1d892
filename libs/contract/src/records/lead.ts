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

  /** As the CRM holds it: CRMs keep addresses that no validator would pass. */
  @IsText()
  email?: string;

  /** As the CRM holds it; no form is promised. */
  @IsText()
  phone?: string;

  /** A text; where the company is a record of its own, `companyId` names it. */
  @IsText()
  companyName?: string;

  /** In the CRM's own words. */
  @IsText()
  status?: string;

  /** What the business might be worth. */
  @IsPart(() => Money)
  amount?: Money;

  /** The company that the prospect belongs to, where it is a record. */
  @IsText()
  companyId?: string;

  /** The people behind it, the first one first. */
  @IsTextList()
  contactIds?: string[];

  /** Whether it has become a contact, company or deal, by the CRM's own mark. */
  @IsAbsentOr()
  @IsBoolean()
  converted?: boolean;

  /** The deal it was converted into. */
  @IsText()
  convertedDealId?: string;

  /** The contact it was converted into. */
  @IsText()
  convertedContactId?: string;

  /** The company it was converted into. */
  @IsText()
  convertedCompanyId?: string;
}
