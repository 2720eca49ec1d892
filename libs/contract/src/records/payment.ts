import { BaseRecord } from './base-record.js';
import { IsDayOrTimestamp, IsPart, IsText, IsTextList } from './field-decorators.js';
import { Money } from './money.js';

/** Money that a customer has paid, or tried to: `status` says how it went. */
export class Payment extends BaseRecord {
  /** What the customer was charged, tax included; refunds and fees are not taken off. */
  @IsPart(() => Money)
  amount?: Money;

  /** In the CRM's own words. */
  @IsText()
  status?: string;

  /** `card`, `transfer` …, in the CRM's own words. */
  @IsText()
  method?: string;

  /** When it was paid, or begun where the CRM knows no more; a day where it keeps days. */
  @IsDayOrTimestamp()
  paidAt?: string;

  /** The invoice that it pays; the first one, where it pays several. */
  @IsText()
  invoiceId?: string;

  /** The order that it pays; the first one, where it pays several. */
  @IsText()
  orderId?: string;

  /** The deal behind it; the first one, where the CRM links several. */
  @IsText()
  dealId?: string;

  /** The company that paid. */
  @IsText()
  companyId?: string;

  /** The people who paid, the first one first. */
  @IsTextList()
  contactIds?: string[];
}
