import { IsIn } from 'class-validator';
import { BaseRecord } from './base-record.js';
import { IsAbsentOr, IsDayOrTimestamp, IsPart, IsPartList, IsText, IsTextList } from './field-decorators.js';
import { LineItem } from './line-item.js';
import { Money } from './money.js';

/** What an invoice can be. A partly paid one is `open`, with less in `balanceDue` than in `total`. */
export const INVOICE_STATUSES = ['draft', 'open', 'paid', 'voided'] as const;
/** One of {@link INVOICE_STATUSES}. */
export type InvoiceStatus = (typeof INVOICE_STATUSES)[number];

/** A demand for payment that the CRM keeps; for what was paid see `Payment`. */
export class Invoice extends BaseRecord {
  /** What stands on the paper; not the id. */
  @IsText()
  number?: string;

  /** Decided by the source from the CRM's own status, which stands in `statusName` where it says more. */
  @IsAbsentOr()
  @IsIn(INVOICE_STATUSES)
  status?: InvoiceStatus;

  /** What the CRM itself calls the status, where it knows more than these four (`Partially Paid`). */
  @IsText()
  statusName?: string;

  /** The whole invoice as the customer pays it: discounts taken off, tax and shipping included. */
  @IsPart(() => Money)
  total?: Money;

  /** What of `total` is still to be paid. */
  @IsPart(() => Money)
  balanceDue?: Money;

  /** The date on the invoice; a day where the CRM keeps no more. */
  @IsDayOrTimestamp()
  issuedAt?: string;

  /** Until when it is to be paid; a day where the CRM keeps no more. */
  @IsDayOrTimestamp()
  dueAt?: string;

  /** The deal that it bills. */
  @IsText()
  dealId?: string;

  /** The company that it is sent to. */
  @IsText()
  companyId?: string;

  /** The people that it is sent to, the first one first. */
  @IsTextList()
  contactIds?: string[];

  /** What is billed; absent where the CRM keeps no lines, or the connection does not read them. */
  @IsPartList(() => LineItem)
  lines?: LineItem[];
}
