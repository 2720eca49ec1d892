import { IsBoolean } from 'class-validator';
import { BaseRecord } from './base-record.js';
import { IsAbsentOr, IsPart, IsText } from './field-decorators.js';
import { Money } from './money.js';

/** Something that can be sold, as it stands in the catalogue; what was sold stands in lines. */
export class Product extends BaseRecord {
  /** What people call it. */
  @IsText()
  name?: string;

  /** The stock number. */
  @IsText()
  sku?: string;

  /** For people; may hold markup, as the CRM keeps it. */
  @IsText()
  description?: string;

  /** The list price of one, before discounts and tax. */
  @IsPart(() => Money)
  price?: Money;

  /** Whether it is on sale now; absent where the CRM does not say. */
  @IsAbsentOr()
  @IsBoolean()
  active?: boolean;
}
