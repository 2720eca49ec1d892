import { IsIn, IsNumber, Max, Min } from 'class-validator';
import { BaseRecord } from './base-record.js';
import { IsAbsentOr, IsDayOrTimestamp, IsPart, IsPartList, IsText, IsTextList } from './field-decorators.js';
import { LineItem } from './line-item.js';
import { Money } from './money.js';

export const DEAL_STATUSES = ['open', 'won', 'lost'] as const;
export type DealStatus = (typeof DEAL_STATUSES)[number];

/** A sale under way, won or lost; `opportunity` in some CRMs. */
export class Deal extends BaseRecord {
  @IsText()
  name?: string;

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

  @IsText()
  lostReason?: string;

  @IsText()
  companyId?: string;

  @IsTextList()
  contactIds?: string[];

  @IsPartList(() => LineItem)
  lines?: LineItem[];
}
