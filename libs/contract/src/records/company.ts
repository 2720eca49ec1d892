import { IsInt, Min } from 'class-validator';
import { Address } from './address.js';
import { BaseRecord } from './base-record.js';
import { IsAbsentOr, IsPart, IsText, IsTextList } from './field-decorators.js';
import { Money } from './money.js';

/** An organisation; `account` in some CRMs, `organization` in others. */
export class Company extends BaseRecord {
  @IsText()
  name?: string;

  /** `example.com`, without scheme. */
  @IsText()
  domain?: string;

  /** All of them, the first one included, where the CRM keeps several. */
  @IsTextList()
  domains?: string[];

  /** As people typed it. */
  @IsText()
  website?: string;

  /** All of them, the first one included, where the CRM keeps several. */
  @IsTextList()
  websites?: string[];

  @IsText()
  industry?: string;

  @IsText()
  phone?: string;

  @IsPart(() => Money)
  annualRevenue?: Money;

  @IsAbsentOr()
  @IsInt()
  @Min(0)
  employeeCount?: number;

  @IsPart(() => Address)
  address?: Address;

  @IsText()
  parentId?: string;
}
