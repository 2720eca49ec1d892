import { base, en, Faker } from '@faker-js/faker';
import { OWNERS } from '../crm/owners.js';
import type { Properties } from './operation.js';

const PRODUCTS = [
  ['Kiln lining plate', '189.00'],
  ['Burner set', '742.50'],
  ['Temperature logger', '96.00'],
  ['Glaze mixer', '1280.00'],
  ['Maintenance contract', '2400.00'],
  ['Operator training', '650.00'],
] as const;
const INDUSTRIES = ['BUILDING_MATERIALS', 'GLASS_CERAMICS_CONCRETE', 'MACHINERY', 'FURNITURE', 'WHOLESALE'];
const STATUSES = ['NEW', 'OPEN', 'IN_PROGRESS', 'CONNECTED'];
const LIFECYCLE_STAGES = ['lead', 'marketingqualifiedlead', 'salesqualifiedlead', 'opportunity', 'customer'];
const LOST_REASONS = ['Price', 'Chose a competitor', 'No budget this year', 'No answer any more'];
const LEAD_LABELS = ['HOT', 'WARM', 'COLD'];

/** Made-up people and companies: the same ones for the same seed. All hosts end in `.example`. */
export class Invention {
  readonly faker: Faker;
  private contacts = 0;

  /** `mark` keeps the addresses of several stories in one portal apart. */
  constructor(
    seed: number,
    private readonly mark: string,
  ) {
    this.faker = new Faker({ locale: [en, base], seed });
  }

  company(): Properties {
    const name = this.faker.company.name().replaceAll(/[',.]/g, '');
    return {
      name,
      domain: `${slug(name)}.example`,
      industry: this.pick(INDUSTRIES),
      annualrevenue: String(this.faker.number.int({ min: 4, max: 400 }) * 100_000),
      city: this.faker.location.city(),
      country: this.faker.location.countryCode(),
      hubspot_owner_id: this.owner(),
    };
  }

  contact(domain: string): Properties {
    const [firstname, lastname] = [this.faker.person.firstName(), this.faker.person.lastName()];
    // The number keeps addresses apart: HubSpot has at most one contact of an address.
    const local = `${slug(firstname)}.${slug(lastname)}${(this.contacts += 1)}${this.mark}`;
    return {
      firstname,
      lastname,
      email: `${local}@${domain}`,
      phone: this.phone(),
      jobtitle: this.faker.person.jobTitle(),
      lifecyclestage: this.pick(LIFECYCLE_STAGES),
      hubspot_owner_id: this.owner(),
    };
  }

  deal(companyName: string, pipeline: { id: string; firstStage: string }): Properties {
    return {
      dealname: `${companyName}: ${this.faker.commerce.productName()}`,
      pipeline: pipeline.id,
      dealstage: pipeline.firstStage,
      amount: this.amount(),
      deal_currency_code: this.faker.number.float() < 0.85 ? 'EUR' : 'USD',
      hubspot_owner_id: this.owner(),
    };
  }

  lead(companyName: string): Properties {
    const label = this.pick(LEAD_LABELS);
    return {
      hs_lead_name: `${companyName}, ${this.faker.commerce.department()}`,
      hs_lead_type: 'NEW_BUSINESS',
      hs_lead_label: label,
    };
  }

  product(index: number): Properties {
    const [name, price] = PRODUCTS[index % PRODUCTS.length] ?? PRODUCTS[0];
    return { name, price, hs_sku: `KS-${1_000 + index}`, description: `${name} of our catalogue` };
  }

  /** Some of a product, for a deal. */
  lineItem(product: Properties): Properties {
    const { name = '', price = '0', hs_sku = '' } = product;
    return { name, price, hs_sku, quantity: String(this.faker.number.int({ min: 1, max: 12 })) };
  }

  /** One thing that somebody finds out about a contact, or mends. */
  contactEdit(): Properties {
    return this.pick<() => Properties>([
      () => ({ jobtitle: this.faker.person.jobTitle() }),
      () => ({ phone: this.phone() }),
      () => ({ mobilephone: this.phone() }),
      () => ({ lifecyclestage: this.pick(LIFECYCLE_STAGES), hs_lead_status: this.pick(STATUSES) }),
      () => ({ phone: '' }),
    ])();
  }

  companyEdit(): Properties {
    return this.pick<() => Properties>([
      () => ({ annualrevenue: String(this.faker.number.int({ min: 4, max: 400 }) * 100_000) }),
      () => ({ city: this.faker.location.city(), country: this.faker.location.countryCode() }),
      () => ({ hubspot_owner_id: this.owner() }),
    ])();
  }

  amount(): string {
    return (this.faker.number.int({ min: 10, max: 960 }) * 50).toFixed(2);
  }

  lostReason(): string {
    return this.pick(LOST_REASONS);
  }

  chance(): number {
    return this.faker.number.float();
  }

  pick<T>(choices: readonly T[]): T {
    return this.faker.helpers.arrayElement(choices);
  }

  private phone(): string {
    return `+49 ${this.faker.string.numeric({ length: 3, allowLeadingZeros: false })} ${this.faker.string.numeric(7)}`;
  }

  private owner(): string {
    return this.pick(OWNERS).id;
  }
}

function slug(text: string): string {
  return text
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
}
