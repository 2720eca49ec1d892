import { IsObject } from 'class-validator';
import { IsAbsentOr, IsDecimal, IsPart, IsText } from './field-decorators.js';
import { Money } from './money.js';

/** One line of a deal, order or invoice. */
export class LineItem {
  @IsText()
  id?: string;

  @IsText()
  productId?: string;

  @IsText()
  sku?: string;

  @IsText()
  name?: string;

  /** A decimal text. */
  @IsDecimal()
  quantity!: string;

  @IsPart(() => Money)
  unitPrice?: Money;

  /** What is taken off the whole line. */
  @IsPart(() => Money)
  discount?: Money;

  /** The tax on the whole line. */
  @IsPart(() => Money)
  tax?: Money;

  /** The whole line, discounts applied. */
  @IsPart(() => Money)
  total?: Money;

  /** Fields that the canonical model does not know (a billing period), by their CRM names; any JSON values. */
  @IsAbsentOr()
  @IsObject()
  custom?: Record<string, unknown>;
}
