import { IsBoolean } from 'class-validator';
import { BaseRecord } from './base-record.js';
import { IsAbsentOr, IsPart, IsText } from './field-decorators.js';
import { Money } from './money.js';

export class Product extends BaseRecord {
  @IsText()
  name?: string;

  @IsText()
  sku?: string;

  @IsText()
  description?: string;

  @IsPart(() => Money)
  price?: Money;

  @IsAbsentOr()
  @IsBoolean()
  active?: boolean;
}
