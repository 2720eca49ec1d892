import type { ScenarioOperation } from './operation.js';
import { SmallCompany } from './small-company.js';

export interface ScenarioOptions {
  seed: number;
  companies: number;
  deals: number;
  /** Webhooks that are sent a second time. */
  duplicates: number;
  /** Posts that the receiver answers with 500 while deals are won. */
  receiverFailures: number;
}

export const DEFAULT_SCENARIO: ScenarioOptions = {
  seed: 1,
  companies: 8,
  deals: 12,
  duplicates: 25,
  receiverFailures: 2,
};

/** A fixed run of some days: the same operations for the same options. */
export function planScenario(options: ScenarioOptions, mark = ''): ScenarioOperation[] {
  const company = new SmallCompany(options.seed, mark);
  const nextDay: ScenarioOperation = { do: 'next-day' };
  const foundation = company.found(options.companies);
  const deals = Array.from({ length: options.deals }, () => company.addDeal()).flat();
  return [
    ...foundation,
    nextDay,
    ...deals,
    ...company.addLead(),
    { do: 'repeat-webhooks', count: options.duplicates },
    nextDay,
    ...company.deals.flatMap((deal) => company.advance(deal)),
    ...company.contacts.slice(0, Math.ceil(options.companies / 2)).map((name) => company.editContact(name)),
    nextDay,
    { do: 'fail-receiver', count: options.receiverFailures, status: 500 },
    ...closeDeals(company),
    nextDay,
    ...tidyUp(company),
    nextDay,
  ];
}

/** Of three deals one is won, one is lost and one stays open. */
function closeDeals(company: SmallCompany): ScenarioOperation[] {
  return company.deals.flatMap((deal, index) => {
    if (index % 3 === 2) return [];
    return company.closeDeal(deal, index % 3 === 0 ? 'won' : 'lost');
  });
}

/** A duplicate contact is merged, one is archived, one comes back, one wishes to be forgotten. */
function tidyUp(company: SmallCompany): ScenarioOperation[] {
  const [first, second, third, fourth, fifth] = company.contacts;
  return [
    ...(first && second ? [{ do: 'merge', primary: first, merged: second } as const] : []),
    ...(third ? [{ do: 'archive', name: third } as const] : []),
    ...(fourth
      ? [
          { do: 'archive', name: fourth } as const,
          { do: 'next-day' } as const,
          { do: 'restore', name: fourth } as const,
        ]
      : []),
    ...(fifth ? [{ do: 'erase', name: fifth } as const] : []),
  ];
}
