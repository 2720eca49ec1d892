import { IsIn } from 'class-validator';
import { BaseRecord } from './base-record.js';
import { IsAbsentOr, IsDayOrTimestamp, IsPart, IsPartList, IsText, IsTextList } from './field-decorators.js';
import { LineItem } from './line-item.js';
import { Money } from './money.js';

export const INVOICE_STATUSES = ['draft', 'open', 'paid', 'voided'] as const;
export type InvoiceStatus = (typeof INVOICE_STATUSES)[number];

export class Invoice extends BaseRecord {
  @IsText()
  number?: string;

  @IsAbsentOr()
  @IsIn(INVOICE_STATUSES)
  status?: InvoiceStatus;

  /** What the CRM itself calls the status, where it knows more than these four (`Partially Paid`). */
  @IsText()
  statusName?: string;

  @IsPart(() => Money)
  total?: Money;

  @IsPart(() => Money)
  balanceDue?: Money;

  @IsDayOrTimestamp()
  issuedAt?: string;

  @IsDayOrTimestamp()
  dueAt?: string;

  @IsText()
  dealId?: string;

  @IsText()
  companyId?: string;

  @IsTextList()
  contactIds?: string[];

  @IsPartList(() => LineItem)
  lines?: LineItem[];
}
