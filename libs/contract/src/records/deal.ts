import { IsIn, IsNumber, Max, Min } from 'class-validator';
import { BaseRecord } from './base-record.js';
import { IsAbsentOr, IsDayOrTimestamp, IsPart, IsPartList, IsText, IsTextList } from './field-decorators.js';
import { LineItem } from './line-item.js';
import { Money } from './money.js';

/** What can become of a deal; whatever else a CRM knows as an end without a sale (abandoned, disqualified) is `lost`. */
export const DEAL_STATUSES = ['open', 'won', 'lost'] as const;
/** One of {@link DEAL_STATUSES}. */
export type DealStatus = (typeof DEAL_STATUSES)[number];

/** A sale under way, won or lost; `opportunity` in some CRMs. */
export class Deal extends BaseRecord {
  /** What people call the deal. */
  @IsText()
  name?: string;

  /** What the deal is worth, as the CRM counts it. CRMs do not say whether tax is in it; `lines` and invoices do. */
  @IsPart(() => Money)
  amount?: Money;

  /** Decided by the source from the CRM's own mark, never from the stage's name. */
  @IsIn(DEAL_STATUSES)
  status!: DealStatus;

  /** The CRM's id of the stage. */
  @IsText()
  stage?: string;

  /** What people call the stage. */
  @IsText()
  stageName?: string;

  /** The CRM's id of the pipeline. */
  @IsText()
  pipeline?: string;

  /** 0 to 1. */
  @IsAbsentOr()
  @IsNumber()
  @Min(0)
  @Max(1)
  probability?: number;

  /** Expected while open, real when won or lost; a day where the CRM keeps no more. */
  @IsDayOrTimestamp()
  closeDate?: string;

  /** In the CRM's own words. */
  @IsText()
  lostReason?: string;

  /** The company that buys; the first one, where the CRM links several. */
  @IsText()
  companyId?: string;

  /** The people on the other side, the first one first. */
  @IsTextList()
  contactIds?: string[];

  /** What is sold; absent where the CRM keeps no lines, or the connection does not read them. */
  @IsPartList(() => LineItem)
  lines?: LineItem[];
}
