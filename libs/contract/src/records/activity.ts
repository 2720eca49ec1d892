import { IsBoolean, IsIn } from 'class-validator';
import { BaseRecord } from './base-record.js';
import { IsAbsentOr, IsDayOrTimestamp, IsText, IsTextList } from './field-decorators.js';

/** What an activity can be; what is none of these is `other`, and `kindName` says what. */
export const ACTIVITY_KINDS = ['task', 'call', 'meeting', 'email', 'note', 'other'] as const;
/** One of {@link ACTIVITY_KINDS}. */
export type ActivityKind = (typeof ACTIVITY_KINDS)[number];

/** Something that people do or have done for a customer: a task, a call, a meeting. */
export class Activity extends BaseRecord {
  /** What people call it; its subject. */
  @IsText()
  name?: string;

  /** Decided by the source; the CRM's own word stands in `kindName`. Absent where the CRM does not say. */
  @IsAbsentOr()
  @IsIn(ACTIVITY_KINDS)
  kind?: ActivityKind;

  /** What the CRM itself calls the kind (`lunch`, `errand`). */
  @IsText()
  kindName?: string;

  /** For people; may hold markup, as the CRM keeps it. */
  @IsText()
  description?: string;

  /** Whether it is done, by the CRM's own mark. */
  @IsAbsentOr()
  @IsBoolean()
  done?: boolean;

  /** In the CRM's own words. */
  @IsText()
  status?: string;

  /** In the CRM's own words. */
  @IsText()
  priority?: string;

  /** Until when it is to be done; a day where the CRM keeps no more. */
  @IsDayOrTimestamp()
  dueAt?: string;

  /** When it begins, for what has a beginning (a meeting, a call); a day where it lasts the whole day. */
  @IsDayOrTimestamp()
  startsAt?: string;

  /** When it ends. */
  @IsDayOrTimestamp()
  endsAt?: string;

  /** The deal that it is about; the first one, where the CRM links several. */
  @IsText()
  dealId?: string;

  /** The lead that it is about. */
  @IsText()
  leadId?: string;

  /** The ticket that it is about. */
  @IsText()
  ticketId?: string;

  /** The company that it is about; the first one, where the CRM links several. */
  @IsText()
  companyId?: string;

  /** The people that it is about, the first one first. */
  @IsTextList()
  contactIds?: string[];
}
