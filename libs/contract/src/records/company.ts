import { IsInt, Min } from 'class-validator';
import { Address } from './address.js';
import { BaseRecord } from './base-record.js';
import { IsAbsentOr, IsPart, IsText, IsTextList } from './field-decorators.js';
import { Money } from './money.js';

/** An organisation; `account` in some CRMs, `organization` in others. */
export class Company extends BaseRecord {
  /** What the CRM calls the organisation. */
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

  /** In the CRM's own words. */
  @IsText()
  industry?: string;

  /** As the CRM holds it; no form is promised. */
  @IsText()
  phone?: string;

  /** For a year, in the currency that the CRM names or its connection is configured with. */
  @IsPart(() => Money)
  annualRevenue?: Money;

  /** A whole number, 0 or more. */
  @IsAbsentOr()
  @IsInt()
  @Min(0)
  employeeCount?: number;

  /** The first one, where the CRM keeps several. */
  @IsPart(() => Address)
  address?: Address;

  /** The id of the company that this one belongs to. */
  @IsText()
  parentId?: string;
}
