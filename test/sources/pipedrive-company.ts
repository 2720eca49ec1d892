import { startSandbox, UI_ACTOR, type RunningSandbox, type SandboxOptions } from '@crm-mesh/sandbox/start';
import type { ApiAnswer, ApiClient, ApiDescription, NotificationDraft, SourceContext } from '@crm-mesh/sdk';
import { parseJson } from '@crm-mesh/sdk/kit';
import { createLogger } from '@crm-mesh/telemetry';
import { PipedriveConfig, pipedriveSource } from '../../libs/sources/src/index.js';
import { createConfig, createContext } from '../../libs/sources/test/context.js';

export const actor = UI_ACTOR;
/** The company's clock starts here, and stands still unless it is put forward. */
export const START_MS = Date.parse('2026-03-24T16:00:00Z');

/** A company of the sandbox CRM, and a connection to it. */
export interface Company {
  sandbox: RunningSandbox;
  context: SourceContext<PipedriveConfig>;
  clock: { nowMs: number };
  /** All pages of a window; default: a minute around the start. */
  poll(entity: string, window?: { fromMs: number; toMs: number }): Promise<NotificationDraft[]>;
  scan(entity: string, fields?: 'versions' | 'records'): Promise<NotificationDraft[]>;
}

export async function openCompany(config: object = {}, options: SandboxOptions = {}): Promise<Company> {
  const clock = { nowMs: START_MS };
  const sandbox = await startSandbox({
    log: createLogger({ app: 'sandbox', level: 'silent' }),
    now: () => clock.nowMs,
    ...options,
    // The clock stands still, so no limit would ever be over.
    pipedrive: { limits: { burst: 1_000_000, dailyTokens: 1_000_000_000 }, ...options.pipedrive },
  });
  const own = createConfig(PipedriveConfig, {
    webhookUser: 'u',
    webhookPasswords: ['p'],
    apiToken: 'sandbox-api-token',
    apiUrl: sandbox.url,
    ...config,
  });
  const now = (): number => clock.nowMs;
  const context = { ...createContext(own), now, api: createClient(pipedriveSource.api!(own)) };
  const pages = async (
    read: (cursor?: string) => Promise<{ drafts: readonly NotificationDraft[]; cursor?: string }>,
  ) => {
    const drafts: NotificationDraft[] = [];
    let cursor: string | undefined;
    do {
      const page = await read(cursor);
      drafts.push(...page.drafts);
      cursor = page.cursor;
    } while (cursor !== undefined);
    return drafts;
  };
  const around = { fromMs: START_MS - 60_000, toMs: START_MS + 60_000 };
  return {
    sandbox,
    context,
    clock,
    poll: (entity, window = around) =>
      pages((cursor) => pipedriveSource.poll!.page({ entity, ...window, cursor } as never, context)),
    scan: (entity, fields = 'records') =>
      pages((cursor) => pipedriveSource.scan!.page({ entity, fields, cursor } as never, context)),
  };
}

/** The requests alone, without limits and retries: those are the kit's. */
function createClient({ baseUrl, auth, explain }: ApiDescription): ApiClient {
  return {
    async request(request) {
      const { method = 'GET', path, query = {}, accept = [] } = request;
      const told = Object.entries(query).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, String(value)] as [string, string]],
      );
      const headers = auth.kind === 'header' ? { [auth.name]: auth.value } : undefined;
      const url = `${baseUrl}${path}?${new URLSearchParams(told).toString()}`;
      const response = await fetch(url, { method, headers });
      const text = await response.text();
      const answer: ApiAnswer = {
        status: response.status,
        headers: Object.fromEntries(response.headers),
        body: text.startsWith('{') ? parseJson(text) : undefined,
        text,
      };
      if (response.ok || accept.includes(response.status)) return answer;
      throw new Error(`${response.status} ${JSON.stringify(explain?.(answer, request))} ${text}`);
    },
  };
}
