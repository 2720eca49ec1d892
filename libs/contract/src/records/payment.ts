import { BaseRecord } from './base-record.js';
import { IsDayOrTimestamp, IsPart, IsText, IsTextList } from './field-decorators.js';
import { Money } from './money.js';

export class Payment extends BaseRecord {
  @IsPart(() => Money)
  amount?: Money;

  /** In the CRM's own words. */
  @IsText()
  status?: string;

  /** `card`, `transfer` …, in the CRM's own words. */
  @IsText()
  method?: string;

  @IsDayOrTimestamp()
  paidAt?: string;

  @IsText()
  invoiceId?: string;

  @IsText()
  orderId?: string;

  @IsText()
  dealId?: string;

  @IsText()
  companyId?: string;

  @IsTextList()
  contactIds?: string[];
}
