import { DEAL_PIPELINES, type Pipeline } from '../crm/pipelines.js';
import type { ObjectType } from '../crm/object-types.js';
import { Invention } from './invent.js';
import type { CrmOperation, Properties, RecordName } from './operation.js';

export interface Company {
  name: RecordName;
  properties: Properties;
}

export interface Deal {
  name: RecordName;
  pipeline: Pipeline;
  /** Among the open stages of its pipeline; undefined: it is closed. */
  stage: number | undefined;
}

/** Past so many deals no more people are invented: an endless run must not fill the memory. */
const MOST_DEALS = 2_000;
const PRODUCT_COUNT = 4;
/** So many deals are worked on at a time: otherwise none would ever be won. */
const WORKED_ON = 4;

/** A small company's life in its CRM: it decides what is done next, and remembers what there is. Pure, by its seed. */
export class SmallCompany {
  readonly companies: Company[] = [];
  readonly contacts: RecordName[] = [];
  readonly deals: Deal[] = [];
  private readonly products: { name: RecordName; properties: Properties }[] = [];
  private readonly invention: Invention;
  private readonly counts = new Map<ObjectType, number>();

  constructor(seed: number, mark: string) {
    this.invention = new Invention(seed, mark);
  }

  /** The catalogue, and the first customers. */
  found(companyCount: number): CrmOperation[] {
    const products = Array.from({ length: PRODUCT_COUNT }, (_, index) => this.addProduct(index));
    return [...products, ...Array.from({ length: companyCount }, () => this.addCompany()).flat()];
  }

  /** What belongs together is done at once: a deal comes with its lines. */
  next(): CrmOperation[] {
    const { invention } = this;
    if (this.companies.length < 3) return this.addCompany();
    const chance = this.deals.length < MOST_DEALS ? invention.chance() : 0.31 + 0.69 * invention.chance();
    if (chance < 0.07) return this.addCompany();
    if (chance < 0.16) return this.addContact(invention.pick(this.companies));
    if (chance < 0.27) return this.addDeal();
    if (chance < 0.31) return this.addLead();
    if (chance < 0.76) return this.moveDeal();
    if (chance < 0.9) return [this.editContact(invention.pick(this.contacts))];
    return [{ do: 'update', name: invention.pick(this.companies).name, properties: invention.companyEdit() }];
  }

  addCompany(): CrmOperation[] {
    const properties = this.invention.company();
    const company = { name: this.nameNext('companies'), properties };
    this.companies.push(company);
    return [
      { do: 'create', type: 'companies', name: company.name, properties, links: [] },
      ...this.addContact(company),
    ];
  }

  addContact({ name: company, properties }: Company): CrmOperation[] {
    const name = this.nameNext('contacts');
    this.contacts.push(name);
    return [
      {
        do: 'create',
        type: 'contacts',
        name,
        properties: this.invention.contact(properties['domain'] ?? 'kestrel-supply.example'),
        links: [company],
      },
    ];
  }

  /** With one or two lines. */
  addDeal(pipeline = this.invention.chance() < 0.75 ? DEAL_PIPELINES[0] : DEAL_PIPELINES[1]): CrmOperation[] {
    const company = this.invention.pick(this.companies);
    const [firstStage] = pipeline?.stages ?? [];
    if (!pipeline || !firstStage) return [];
    const deal: Deal = { name: this.nameNext('deals'), pipeline, stage: 0 };
    this.deals.push(deal);
    const properties = this.invention.deal(company.properties['name'] ?? '', {
      id: pipeline.id,
      firstStage: firstStage.id,
    });
    const links = [company.name, this.invention.pick(this.contacts)];
    const lines = Array.from({ length: this.invention.chance() < 0.5 ? 1 : 2 }, () => this.addLineItem(deal.name));
    return [{ do: 'create', type: 'deals', name: deal.name, properties, links }, ...lines];
  }

  /** Of the oldest open ones, one or two stages on, or the end; a negotiated amount now and then. When none is open, a closed one is opened again. */
  moveDeal(): CrmOperation[] {
    const open = this.deals.filter(({ stage }) => stage !== undefined);
    if (this.deals.length === 0) return this.addDeal();
    if (open.length === 0)
      return this.deals.length < MOST_DEALS ? this.addDeal() : this.reopen(this.invention.pick(this.deals));
    const deal = this.invention.pick(open.slice(0, WORKED_ON));
    const chance = this.invention.chance();
    if (chance < 0.15) return [{ do: 'update', name: deal.name, properties: { amount: this.invention.amount() } }];
    if (chance < 0.22) return this.closeDeal(deal, 'lost');
    return this.advance(deal);
  }

  /** Some stages are skipped; behind the last one a deal is closed. */
  advance(deal: Deal): CrmOperation[] {
    const openStages = deal.pipeline.stages.filter(({ isClosed }) => !isClosed);
    const stage = (deal.stage ?? -1) + (this.invention.chance() < 0.3 ? 2 : 1);
    const next = openStages[stage];
    if (!next) return this.closeDeal(deal, this.invention.chance() < 0.75 ? 'won' : 'lost');
    deal.stage = stage;
    return [{ do: 'update', name: deal.name, properties: { dealstage: next.id } }];
  }

  closeDeal(deal: Deal, outcome: 'won' | 'lost'): CrmOperation[] {
    const stage = deal.pipeline.stages.find(
      ({ isClosed, probability }) => isClosed && probability === (outcome === 'won' ? 1 : 0),
    );
    if (!stage) return [];
    deal.stage = undefined;
    const reason: Properties = outcome === 'lost' ? { closed_lost_reason: this.invention.lostReason() } : {};
    return [{ do: 'update', name: deal.name, properties: { dealstage: stage.id, ...reason } }];
  }

  addLead(): CrmOperation[] {
    const { name, properties } = this.invention.pick(this.companies);
    const contact = this.invention.pick(this.contacts);
    const lead = this.invention.lead(properties['name'] ?? '');
    return [{ do: 'create', type: 'leads', name: this.nameNext('leads'), properties: lead, links: [contact, name] }];
  }

  editContact(name: RecordName): CrmOperation {
    return { do: 'update', name, properties: this.invention.contactEdit() };
  }

  private reopen(deal: Deal): CrmOperation[] {
    deal.stage = undefined;
    return this.advance(deal);
  }

  private addLineItem(deal: RecordName): CrmOperation {
    const product = this.invention.pick(this.products);
    const properties = this.invention.lineItem(product.properties);
    return { do: 'create', type: 'line_items', name: this.nameNext('line_items'), properties, links: [deal] };
  }

  private addProduct(index: number): CrmOperation {
    const product = { name: this.nameNext('products'), properties: this.invention.product(index) };
    this.products.push(product);
    return { do: 'create', type: 'products', ...product, links: [] };
  }

  private nameNext(type: ObjectType): RecordName {
    const number = (this.counts.get(type) ?? 0) + 1;
    this.counts.set(type, number);
    return `${type}-${number}`;
  }
}
