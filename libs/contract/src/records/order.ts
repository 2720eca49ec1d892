import { BaseRecord } from './base-record.js';
import { IsDayOrTimestamp, IsPart, IsPartList, IsText, IsTextList } from './field-decorators.js';
import { LineItem } from './line-item.js';
import { Money } from './money.js';

export class Order extends BaseRecord {
  @IsText()
  number?: string;

  /** In the CRM's own words. */
  @IsText()
  status?: string;

  @IsPart(() => Money)
  total?: Money;

  @IsDayOrTimestamp()
  orderedAt?: string;

  @IsText()
  dealId?: string;

  @IsText()
  companyId?: string;

  @IsTextList()
  contactIds?: string[];

  @IsPartList(() => LineItem)
  lines?: LineItem[];
}
