import { IsIn } from 'class-validator';
import { BaseRecord } from './base-record.js';
import { IsAbsentOr, IsDayOrTimestamp, IsText, IsTextList } from './field-decorators.js';

/** What can become of a ticket. */
export const TICKET_STATUSES = ['open', 'closed'] as const;
/** One of {@link TICKET_STATUSES}. */
export type TicketStatus = (typeof TICKET_STATUSES)[number];

/** A customer's question or complaint; `case` in some CRMs. */
export class Ticket extends BaseRecord {
  /** Its subject. */
  @IsText()
  name?: string;

  /** What people call it by; not the id. */
  @IsText()
  number?: string;

  /** For people; may hold markup, as the CRM keeps it. */
  @IsText()
  description?: string;

  /** Decided by the source from the CRM's own mark, never from a stage's name; absent where the CRM does not say. */
  @IsAbsentOr()
  @IsIn(TICKET_STATUSES)
  status?: TicketStatus;

  /** What the CRM itself calls the status, where tickets have one (`Escalated`). */
  @IsText()
  statusName?: string;

  /** The CRM's id of the stage, where tickets have stages. */
  @IsText()
  stage?: string;

  /** What people call the stage. */
  @IsText()
  stageName?: string;

  /** The CRM's id of the pipeline. */
  @IsText()
  pipeline?: string;

  /** In the CRM's own words. */
  @IsText()
  priority?: string;

  /** What it is about, in the CRM's own words. */
  @IsText()
  category?: string;

  /** How it came (`EMAIL`, `Web`), in the CRM's own words. */
  @IsText()
  channel?: string;

  /** When it was closed; a day where the CRM keeps no more. */
  @IsDayOrTimestamp()
  closedAt?: string;

  /** The deal behind it; the first one, where the CRM links several. */
  @IsText()
  dealId?: string;

  /** The company that it is about. */
  @IsText()
  companyId?: string;

  /** The people who asked, the first one first. */
  @IsTextList()
  contactIds?: string[];
}
