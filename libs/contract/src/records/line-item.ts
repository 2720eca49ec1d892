import { IsObject } from 'class-validator';
import { IsAbsentOr, IsDecimal, IsPart, IsText } from './field-decorators.js';
import { Money } from './money.js';

/** One line of a deal, order, quote, contract or invoice. */
export class LineItem {
  /** The CRM's id of the line, unique among the lines of the CRM. */
  @IsText()
  id?: string;

  /** The product's record; absent for a line that was written by hand. */
  @IsText()
  productId?: string;

  /** The stock number, as it was when the line was made. */
  @IsText()
  sku?: string;

  /** What is sold, in words of people. */
  @IsText()
  name?: string;

  /** A decimal text: `1`, `2.5`; negative for what is taken back. */
  @IsDecimal()
  quantity!: string;

  /** For one, before discounts and tax. */
  @IsPart(() => Money)
  unitPrice?: Money;

  /** What is taken off the whole line. */
  @IsPart(() => Money)
  discount?: Money;

  /** The tax on the whole line. */
  @IsPart(() => Money)
  tax?: Money;

  /** The whole line: discounts taken off, tax not included where the CRM tells it apart (in `tax`). */
  @IsPart(() => Money)
  total?: Money;

  /** Fields that the canonical model does not know (a billing period), by their CRM names; any JSON values. */
  @IsAbsentOr()
  @IsObject()
  custom?: Record<string, unknown>;
}
