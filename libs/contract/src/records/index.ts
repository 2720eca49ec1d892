import type { KnownEntity } from '../event-types.js';
import { Activity } from './activity.js';
import { Company } from './company.js';
import { Contact } from './contact.js';
import { Contract } from './contract.js';
import { CustomRecord } from './custom-record.js';
import { Deal } from './deal.js';
import { Invoice } from './invoice.js';
import { Lead } from './lead.js';
import { Order } from './order.js';
import { Payment } from './payment.js';
import { Product } from './product.js';
import { Quote } from './quote.js';
import { Ticket } from './ticket.js';

export { Address } from './address.js';
export { BaseRecord } from './base-record.js';
export { LineItem } from './line-item.js';
export { Money } from './money.js';
export { ACTIVITY_KINDS, type ActivityKind } from './activity.js';
export { CONTRACT_STATUSES, type ContractStatus } from './contract.js';
export { DEAL_STATUSES, type DealStatus } from './deal.js';
export { INVOICE_STATUSES, type InvoiceStatus } from './invoice.js';
export { QUOTE_STATUSES, type QuoteStatus } from './quote.js';
export { TICKET_STATUSES, type TicketStatus } from './ticket.js';
export {
  Activity,
  Company,
  Contact,
  Contract,
  CustomRecord,
  Deal,
  Invoice,
  Lead,
  Order,
  Payment,
  Product,
  Quote,
  Ticket,
};

/** The class of each known entity. */
export const RECORD_CLASSES = {
  contact: Contact,
  company: Company,
  lead: Lead,
  deal: Deal,
  product: Product,
  order: Order,
  quote: Quote,
  contract: Contract,
  invoice: Invoice,
  payment: Payment,
  activity: Activity,
  ticket: Ticket,
} as const satisfies Record<KnownEntity, new () => unknown>;

/** The canonical record of an entity: `RecordOf<'deal'>` is {@link Deal}. */
export type RecordOf<E extends string> = E extends KnownEntity
  ? InstanceType<(typeof RECORD_CLASSES)[E]>
  : CustomRecord;
/** A canonical record of any entity. */
export type AnyRecord = RecordOf<KnownEntity> | CustomRecord;
