import type { NotificationDraft, PollRequest, ScanRequest, SourceContext } from '@crm-mesh/sdk';
import { startSandbox, UI_ACTOR, type RunningSandbox, type SandboxOptions } from '@crm-mesh/sandbox/start';
import { createLogger } from '@crm-mesh/telemetry';
import { HubspotConfig, hubspotSource } from '../../libs/sources/src/index.js';
import { createConfig, createContext } from '../../libs/sources/test/context.js';

export const actor = UI_ACTOR;
/** The portal's clock starts here, and stands still unless it is put forward. */
export const START_MS = Date.parse('2026-03-24T16:00:00Z');

/** A portal of the sandbox CRM, and a connection to it. */
export interface Portal {
  sandbox: RunningSandbox;
  context: SourceContext<HubspotConfig>;
  clock: { nowMs: number };
  /** All pages of a window. */
  poll(window: Pick<PollRequest, 'fromMs' | 'toMs'> & { entity?: string }): Promise<NotificationDraft[][]>;
  scan(request: Pick<ScanRequest, 'fields'> & { entity?: string }): Promise<NotificationDraft[][]>;
}

export async function openPortal(config: object = {}, options: SandboxOptions = {}): Promise<Portal> {
  const clock = { nowMs: START_MS };
  const sandbox = await startSandbox({
    log: createLogger({ app: 'sandbox', level: 'silent' }),
    now: () => clock.nowMs,
    // The clock stands still, so no limit would ever be over.
    rateLimits: { maxPerInterval: 1_000_000, searchPerSecond: 1_000_000 },
    ...options,
  });
  const context = createContext(
    createConfig(HubspotConfig, {
      clientSecrets: [sandbox.clientSecret],
      accessToken: sandbox.accessToken,
      apiUrl: sandbox.url,
      rateLimit: { requests: 1_000_000, concurrent: 10, searchesPerSecond: 1_000 },
      ...config,
    }),
    { api: hubspotSource.api!, now: () => clock.nowMs },
  );
  const pages = async <Request>(page: PageReader<Request>, request: Request): Promise<NotificationDraft[][]> => {
    const found: NotificationDraft[][] = [];
    let cursor: string | undefined;
    do {
      const next = await page({ ...request, cursor }, context);
      found.push([...next.drafts]);
      cursor = next.cursor;
    } while (cursor !== undefined);
    return found;
  };
  return {
    sandbox,
    context,
    clock,
    poll: (window) => pages(hubspotSource.poll!.page, { entity: 'contact', ...window }),
    scan: (request) => pages(hubspotSource.scan!.page, { entity: 'contact', ...request }),
  };
}

type PageReader<Request> = (
  request: Request & { cursor?: string },
  context: SourceContext<HubspotConfig>,
) => Promise<{ drafts: readonly NotificationDraft[]; cursor?: string }>;
