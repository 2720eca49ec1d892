import { isObject, minorDigitsOf, readId, toDecimalText, toIsoTime } from '@crm-mesh/sdk/kit';
import type { FieldKind } from './field-kinds.js';
import { Unreadable } from './unreadable.js';

export interface ConvertOptions {
  /** For amounts that come without one. */
  currency?: string | undefined;
  /** Whether a bare amount counts cents (`minor`) or euros (`major`). Default `major`. */
  moneyUnit?: 'major' | 'minor' | undefined;
  /** What an epoch number counts. Default: told by its size. */
  epochUnit?: 'ms' | 'guess';
  /** Names the field in errors, e.g. `deal.amount`. */
  where: string;
}

/** Null and empty text are how CRMs say that a field was cleared; in the canonical model such a field is absent. */
export function isEmpty(value: unknown): value is null | undefined | '' {
  return value === undefined || value === null || value === '';
}

type Converter = (value: unknown, options: ConvertOptions) => unknown;

/** What converts each kind; undefined means that the value cannot be read as one. */
const CONVERTERS: Record<Exclude<FieldKind, 'lines' | 'custom'>, Converter> = {
  address: toAddress,
  boolean: toBoolean,
  'day-or-timestamp': (value, { epochUnit }) => toIsoTime(value, epochUnit),
  decimal: (value) => toDecimalText(value),
  integer: (value) => toNumber(value, Number.isSafeInteger),
  money: toMoney,
  number: (value) => toNumber(value, Number.isFinite),
  text: toText,
  'text-list': toTextList,
  timestamp: toTimestamp,
};

/** A CRM's value as a canonical field holds it, or why there is none ({@link takeOutUnreadable} finds that again). */
export function convertField(kind: keyof typeof CONVERTERS, value: unknown, options: ConvertOptions): unknown {
  const what = `The field ${options.where} holds a value that cannot be read as ${kind.replaceAll('-', ' ')}.`;
  return CONVERTERS[kind](value, options) ?? new Unreadable(what);
}

function toText(value: unknown): string | undefined {
  return typeof value === 'boolean' ? String(value) : readId(value);
}

function toBoolean(value: unknown): boolean | undefined {
  const text = String(value).toLowerCase();
  if (text === 'true' || text === '1') return true;
  return text === 'false' || text === '0' ? false : undefined;
}

function toNumber(value: unknown, isFit: (number: unknown) => boolean): number | undefined {
  const text = typeof value === 'number' || typeof value === 'string' ? String(value).trim() : '';
  return text !== '' && isFit(Number(text)) ? Number(text) : undefined;
}

function toTimestamp(value: unknown, { epochUnit }: ConvertOptions): string | undefined {
  const time = toIsoTime(value, epochUnit);
  return time?.length === 10 ? `${time}T00:00:00.000Z` : time;
}

function toTextList(value: unknown): string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const ids = value.map((item: unknown) => toText(isObject(item) ? item.id : item));
  return ids.every((id) => id !== undefined) ? ids : undefined;
}

function toAddress(value: unknown): Record<string, string> | undefined {
  if (!isObject(value)) return undefined;
  const parts = ['street', 'city', 'postalCode', 'region', 'country'].flatMap((part) => {
    const text = isEmpty(value[part]) ? undefined : toText(value[part]);
    return text === undefined ? [] : [[part, part === 'country' ? text.toUpperCase() : text] as const];
  });
  return Object.fromEntries(parts);
}

function toMoney(
  value: unknown,
  options: ConvertOptions,
): { value: string; currency: string } | Unreadable | undefined {
  const [amount, ownCurrency] = isObject(value) ? [value.value, value.currency] : [value, undefined];
  const currency = (typeof ownCurrency === 'string' ? ownCurrency : options.currency)?.toUpperCase();
  if (currency === undefined) {
    return new Unreadable(
      `The field ${options.where} holds an amount without a currency. ` +
        'Set `currency` in the configuration of this connection to the currency that the CRM counts in.',
    );
  }
  if (!/^[A-Z]{3}$/.test(currency))
    return new Unreadable(`The field ${options.where} has a currency that is no ISO 4217 code.`);
  const text = toDecimalText(amount, options.moneyUnit === 'minor' ? -minorDigitsOf(currency) : 0);
  return text === undefined ? undefined : { value: text, currency };
}
