import { BaseRecord } from './base-record.js';
import { IsDayOrTimestamp, IsPart, IsPartList, IsText, IsTextList } from './field-decorators.js';
import { LineItem } from './line-item.js';
import { Money } from './money.js';

/** What a customer has ordered: agreed on, and not yet billed or paid for that. */
export class Order extends BaseRecord {
  /** What people call it; not the id. */
  @IsText()
  number?: string;

  /** In the CRM's own words. */
  @IsText()
  status?: string;

  /** The whole order as the customer pays it: discounts taken off, tax and shipping included. */
  @IsPart(() => Money)
  total?: Money;

  /** When it was ordered; a day where the CRM keeps no more. */
  @IsDayOrTimestamp()
  orderedAt?: string;

  /** The deal that it came of. */
  @IsText()
  dealId?: string;

  /** The company that ordered. */
  @IsText()
  companyId?: string;

  /** The people who ordered, the first one first. */
  @IsTextList()
  contactIds?: string[];

  /** What was ordered; absent where the CRM keeps no lines, or the connection does not read them. */
  @IsPartList(() => LineItem)
  lines?: LineItem[];
}
