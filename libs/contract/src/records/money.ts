import { HasForm, IsDecimal } from './field-decorators.js';
import { CURRENCY } from './text-forms.js';

/** An amount in major units, as a decimal text so that no digit is lost: `{value: "12.50", currency: "EUR"}`. */
export class Money {
  /** At most 15 digits before the point and 6 after it; `-` in front of what is owed back. */
  @IsDecimal()
  value!: string;

  /** ISO 4217, upper case. Its form is checked, not the list: a currency newer than a library must not cost an event. */
  @HasForm(CURRENCY)
  currency!: string;
}
