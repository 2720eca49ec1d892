import { IsIn } from 'class-validator';
import { BaseRecord } from './base-record.js';
import { IsAbsentOr, IsDayOrTimestamp, IsPart, IsPartList, IsText, IsTextList } from './field-decorators.js';
import { LineItem } from './line-item.js';
import { Money } from './money.js';

/**
 * What a quote can be. `pending`: somebody in the house must agree first. `approved`: it may go to the customer, or has.
 * `accepted`: the customer agreed. `rejected`: the house or the customer said no. `expired`: nobody said anything in time.
 */
export const QUOTE_STATUSES = ['draft', 'pending', 'approved', 'accepted', 'rejected', 'expired'] as const;
/** One of {@link QUOTE_STATUSES}. */
export type QuoteStatus = (typeof QUOTE_STATUSES)[number];

/** What a customer was offered, with its price. */
export class Quote extends BaseRecord {
  /** What people call it. */
  @IsText()
  name?: string;

  /** What stands on the paper; not the id. */
  @IsText()
  number?: string;

  /** Decided by the source from the CRM's own status, which stands in `statusName`; absent where it tells none of these. */
  @IsAbsentOr()
  @IsIn(QUOTE_STATUSES)
  status?: QuoteStatus;

  /** What the CRM itself calls the status (`APPROVAL_NOT_NEEDED`, `Presented`). */
  @IsText()
  statusName?: string;

  /** The whole quote as the customer would pay it: discounts taken off, tax and shipping included. */
  @IsPart(() => Money)
  total?: Money;

  /** Until when it holds; a day where the CRM keeps no more. */
  @IsDayOrTimestamp()
  expiresAt?: string;

  /** The deal that it is made for. */
  @IsText()
  dealId?: string;

  /** The company that it is made for. */
  @IsText()
  companyId?: string;

  /** The people that it is sent to, the first one first. */
  @IsTextList()
  contactIds?: string[];

  /** What is offered; absent where the CRM keeps no lines, or the connection does not read them. */
  @IsPartList(() => LineItem)
  lines?: LineItem[];
}
