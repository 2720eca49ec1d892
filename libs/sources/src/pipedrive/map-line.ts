import { readId, toDecimalText } from '@crm-mesh/sdk/kit';
import { convertField, isEmpty } from '../mapping/convert-field.js';
import type { Row } from './lists.js';

const CUSTOM = ['billing_frequency', 'billing_frequency_cycles', 'billing_start_date', 'comments', 'tax_method'];

/** A product of a deal. `tax` is a percentage, and `discount` may be one: those stand in `custom`. */
export function mapLine(line: Row, dealCurrency: unknown): Record<string, unknown> {
  const currency = String(line.currency ?? dealCurrency ?? '') || undefined;
  const money = (value: unknown, name: string): unknown =>
    convertField('money', value, { currency, where: `deal.lines[].${name}` });
  const [id, productId] = [readId(line.id), readId(line.product_id)];
  const { name, item_price: price, sum, discount } = line;
  const isAmount = line.discount_type === 'amount';
  const custom = {
    ...Object.fromEntries(CUSTOM.filter((key) => !isEmpty(line[key])).map((key) => [key, line[key]])),
    ...(!isAmount && isTold(discount) && { discount_percentage: discount }),
    ...(isTold(line.tax) && { tax_percentage: line.tax }),
    ...(line.is_enabled === false && { is_enabled: false }),
  };
  return {
    ...(id !== undefined && { id }),
    ...(productId !== undefined && { productId }),
    ...(!isEmpty(name) && { name }),
    quantity: toDecimalText(line.quantity) ?? '1',
    ...(!isEmpty(price) && { unitPrice: money(price, 'unitPrice') }),
    ...(isAmount && isTold(discount) && { discount: money(discount, 'discount') }),
    ...(!isEmpty(sum) && { total: money(sum, 'total') }),
    ...(Object.keys(custom).length > 0 && { custom }),
  };
}

function isTold(value: unknown): boolean {
  return !isEmpty(value) && Number(value) !== 0;
}
