import { HasForm, IsAbsentOr, IsText } from './field-decorators.js';
import { COUNTRY } from './text-forms.js';

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
  @HasForm(COUNTRY)
  country?: string;
}
