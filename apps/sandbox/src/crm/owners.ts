import type { Actor } from './crm-change.js';

/** The small company's sales people, invented. */
export const OWNERS = [
  {
    id: '77120931',
    userId: 61_820_455,
    firstName: 'Mara',
    lastName: 'Lindqvist',
    email: 'mara.lindqvist@kestrel-supply.example',
  },
  {
    id: '77120932',
    userId: 61_820_456,
    firstName: 'Tobias',
    lastName: 'Okafor',
    email: 'tobias.okafor@kestrel-supply.example',
  },
  {
    id: '77120933',
    userId: 61_820_457,
    firstName: 'Ines',
    lastName: 'Carvalho',
    email: 'ines.carvalho@kestrel-supply.example',
  },
] as const;

/** Somebody who works in HubSpot's own pages. */
export const UI_ACTOR: Actor = {
  changeSource: 'CRM_UI',
  sourceId: `userId:${OWNERS[0].userId}`,
  userId: OWNERS[0].userId,
};
