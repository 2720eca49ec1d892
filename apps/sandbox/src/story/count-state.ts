import type { CrmStore } from '../crm/crm-store.js';
import { OBJECT_TYPES, type ObjectType } from '../crm/object-types.js';
import { judgeStage, type Truth } from './count-truth.js';

export interface CrmState {
  records: Record<ObjectType, { live: number; archived: number }>;
  deals: Truth['deals'];
}

/** What the CRM holds at present. */
export function countState(store: CrmStore): CrmState {
  const deals = store.list('deals').map(({ properties }) => judgeStage(properties.get('dealstage')));
  const records = OBJECT_TYPES.map((type) => [
    type,
    { live: store.list(type).length, archived: store.list(type, true).length },
  ]);
  const countDeals = (outcome: keyof Truth['deals']): number => deals.filter((found) => found === outcome).length;
  return {
    records: Object.fromEntries(records) as CrmState['records'],
    deals: { open: countDeals('open'), won: countDeals('won'), lost: countDeals('lost') },
  };
}
