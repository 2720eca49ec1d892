import { Matches } from 'class-validator';
import { IsAbsentOr, IsText } from './field-decorators.js';

/** A postal address, as far as the CRM keeps its parts apart. */
export class Address {
  @IsText()
  street?: string;

  @IsText()
  city?: string;

  @IsText()
  postalCode?: string;

  /** State, province or county. */
  @IsText()
  region?: string;

  /** ISO 3166-1 alpha-2, upper case. Its form is checked, not the list: that changes, and lacks what CRMs use (`XK`). */
  @IsAbsentOr()
  @Matches(/^[A-Z]{2}$/, { message: '$property must be a country code of two capital letters, such as "DE"' })
  country?: string;
}
