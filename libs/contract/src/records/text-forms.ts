/** A text of a certain form, with what people are told of another: by the classes, and by who checks with their schema. */
export interface TextForm {
  pattern: RegExp;
  words: string;
}

/** At most 15 digits before the point and 6 after it. */
export const DECIMAL: TextForm = {
  pattern: /^-?\d{1,15}(\.\d{1,6})?$/,
  words: 'must be a decimal text, such as "12.50"',
};

export const CURRENCY: TextForm = {
  pattern: /^[A-Z]{3}$/,
  words: 'must be a currency code of three capital letters, such as "EUR"',
};

export const COUNTRY: TextForm = {
  pattern: /^[A-Z]{2}$/,
  words: 'must be a country code of two capital letters, such as "DE"',
};

export const TIMESTAMP_WORDS = 'must be a time with its zone, such as 2026-03-24T15:59:58Z';
export const DAY_OR_TIMESTAMP_WORDS =
  'must be a day such as 2026-03-24, or a time with its zone such as 2026-03-24T15:59:58Z';
