const NUMBER = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d{1,3}))?$/i;
/** What the contract's money and quantities hold. */
const MAX_INTEGER_DIGITS = 15;
const MAX_FRACTION_DIGITS = 6;

/**
 * A number as decimal text, digit by digit, so that nothing passes through binary fractions: `4.85E4` → `48500`,
 * and with `shift` −2 `1250` → `12.50`. Past six decimals it is rounded. Undefined when it is no number, or too large.
 */
export function toDecimalText(value: unknown, shift = 0): string | undefined {
  if (typeof value !== 'number' && typeof value !== 'string') return undefined;
  const [, sign, integer = '', fraction = '', exponent = '0'] = NUMBER.exec(String(value).trim()) ?? [];
  if (sign === undefined || integer + fraction === '') return undefined;
  let scale = fraction.length - Number(exponent) - shift;
  let digits = integer + fraction;
  if (scale < 0) {
    digits += '0'.repeat(-scale);
    scale = 0;
  }
  if (scale > MAX_FRACTION_DIGITS) {
    digits = divideRounded(digits, scale - MAX_FRACTION_DIGITS);
    scale = MAX_FRACTION_DIGITS;
  }
  return placeDot(digits, scale, sign === '-');
}

function divideRounded(digits: string, places: number): string {
  const divisor = 10n ** BigInt(places);
  return String((BigInt(digits) + divisor / 2n) / divisor);
}

function placeDot(digits: string, scale: number, negative: boolean): string | undefined {
  const padded = digits.padStart(scale + 1, '0');
  const integer = padded.slice(0, padded.length - scale).replace(/^0+(?=\d)/, '');
  if (integer.length > MAX_INTEGER_DIGITS) return undefined;
  const text = scale === 0 ? integer : `${integer}.${padded.slice(-scale)}`;
  return negative && /[1-9]/.test(text) ? `-${text}` : text;
}

/** How many decimals a currency's minor unit has: 2 for EUR, 0 for JPY, 3 for KWD. */
export function minorDigitsOf(currency: string): number {
  return new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;
}
