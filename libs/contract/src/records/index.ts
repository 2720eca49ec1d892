import type { KnownEntity } from '../event-types.js';
import { Company } from './company.js';
import { Contact } from './contact.js';
import { CustomRecord } from './custom-record.js';
import { Deal } from './deal.js';
import { Invoice } from './invoice.js';
import { Lead } from './lead.js';
import { Order } from './order.js';
import { Payment } from './payment.js';
import { Product } from './product.js';

export { Address } from './address.js';
export { BaseRecord } from './base-record.js';
export { LineItem } from './line-item.js';
export { Money } from './money.js';
export { DEAL_STATUSES, type DealStatus } from './deal.js';
export { INVOICE_STATUSES, type InvoiceStatus } from './invoice.js';
export { Company, Contact, CustomRecord, Deal, Invoice, Lead, Order, Payment, Product };

/** The class of each known entity. */
export const RECORD_CLASSES = {
  contact: Contact,
  company: Company,
  lead: Lead,
  deal: Deal,
  product: Product,
  order: Order,
  invoice: Invoice,
  payment: Payment,
} as const satisfies Record<KnownEntity, new () => unknown>;

/** The canonical record of an entity: `RecordOf<'deal'>` is {@link Deal}. */
export type RecordOf<E extends string> = E extends KnownEntity
  ? InstanceType<(typeof RECORD_CLASSES)[E]>
  : CustomRecord;
/** A canonical record of any entity. */
export type AnyRecord = RecordOf<KnownEntity> | CustomRecord;
