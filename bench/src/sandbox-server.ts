// The sandbox CRM as a HubSpot portal without limits, in a process of its own.
import { startSandbox, UI_ACTOR, type RunningSandbox } from '@crm-mesh/sandbox/start';
import { serveWorker } from './serve-worker.js';

/** What a client must know of the portal. */
export interface PortalAccess {
  apiUrl: string;
  accessToken: string;
}

const NO_LIMITS = {
  maxPerInterval: Number.MAX_SAFE_INTEGER,
  daily: Number.MAX_SAFE_INTEGER,
  searchPerSecond: Number.MAX_SAFE_INTEGER,
  // It remembers what came in this time, and looks at all of it with each request.
  intervalMs: 1,
};

let sandbox: RunningSandbox;
/** How far its clock is before ours, in milliseconds. */
let aheadMs = 0;
let made = 0;

serveWorker({
  open: async (): Promise<PortalAccess> => {
    sandbox = await startSandbox({ rateLimits: NO_LIMITS, now: () => Date.now() + aheadMs });
    return { apiUrl: sandbox.url, accessToken: sandbox.accessToken };
  },
  /** Makes so many contacts more. */
  fill: ({ count }: { count: number }) => {
    for (let index = 0; index < count; index += 1) sandbox.crm.create('contacts', makeContact(), { actor: UI_ACTOR });
  },
  /** Puts its clock forward, and changes all contacts then. */
  touch: ({ skipMs }: { skipMs: number }) => {
    aheadMs += skipMs;
    const jobtitle = `Head of ${aheadMs}`;
    for (const contact of sandbox.crm.list('contacts')) sandbox.crm.update(contact, { jobtitle }, UI_ACTOR);
  },
  stop: () => sandbox.stop(),
});

function makeContact(): Record<string, string> {
  const number = (made += 1);
  return {
    firstname: `Ada ${number}`,
    lastname: 'Brightwater',
    email: `ada.${number}@brightwater.example`,
    phone: '+49 30 901820',
    jobtitle: 'Head of Procurement',
    city: 'Berlin',
    lifecyclestage: 'lead',
  };
}
