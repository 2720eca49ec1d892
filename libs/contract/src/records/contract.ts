import { IsIn } from 'class-validator';
import { BaseRecord } from './base-record.js';
import { IsAbsentOr, IsDayOrTimestamp, IsPart, IsPartList, IsText, IsTextList } from './field-decorators.js';
import { LineItem } from './line-item.js';
import { Money } from './money.js';

/** What a contract can be. `approved`: it is in force (`Activated` in some CRMs). `ended`: it ran out, or was ended. */
export const CONTRACT_STATUSES = ['draft', 'pending', 'approved', 'rejected', 'ended'] as const;
/** One of {@link CONTRACT_STATUSES}. */
export type ContractStatus = (typeof CONTRACT_STATUSES)[number];

/** What was agreed on with a customer for a time. */
export class Contract extends BaseRecord {
  /** What people call it. */
  @IsText()
  name?: string;

  /** What stands on the paper; not the id. */
  @IsText()
  number?: string;

  /** Decided by the source from the CRM's own status, which stands in `statusName`; absent where it tells none of these. */
  @IsAbsentOr()
  @IsIn(CONTRACT_STATUSES)
  status?: ContractStatus;

  /** What the CRM itself calls the status (`In Approval Process`). */
  @IsText()
  statusName?: string;

  /** What the whole contract is worth, as the CRM counts it. */
  @IsPart(() => Money)
  total?: Money;

  /** From when it holds; a day where the CRM keeps no more. */
  @IsDayOrTimestamp()
  startsAt?: string;

  /** Until when it holds; absent for one without an end. */
  @IsDayOrTimestamp()
  endsAt?: string;

  /** When the customer signed; a day where the CRM keeps no more. */
  @IsDayOrTimestamp()
  signedAt?: string;

  /** The deal that it came of. */
  @IsText()
  dealId?: string;

  /** The company that it is made with. */
  @IsText()
  companyId?: string;

  /** The people on the other side, the first one first. */
  @IsTextList()
  contactIds?: string[];

  /** What was agreed on; absent where the CRM keeps no lines, or the connection does not read them. */
  @IsPartList(() => LineItem)
  lines?: LineItem[];
}
