import type { SalesforceOptions } from './salesforce/options.js';
import type { SandboxOptions } from './start-sandbox.js';

const DEFAULT_EVENTS_PER_MINUTE = 30;

/** What `main.ts` reads from the environment. An empty variable is one that is not set. */
export function readSettings(env: NodeJS.ProcessEnv): SandboxOptions {
  const text = (name: string): string | undefined => env[name] || undefined;
  const number = (name: string): number | undefined => readNumber(name, text(name));
  const url = text('SANDBOX_TARGET_URL');
  const publicUrl = text('SANDBOX_PUBLIC_URL');
  const plays = text('SANDBOX_PLAY') === '1';
  return {
    host: text('HOST'),
    port: number('PORT'),
    target: url === undefined ? {} : { url, ...(publicUrl !== undefined && { publicUrl }) },
    clientSecret: text('SANDBOX_CLIENT_SECRET'),
    accessToken: text('SANDBOX_ACCESS_TOKEN'),
    seed: number('SANDBOX_SEED'),
    ...(text('SANDBOX_SALESFORCE') === '1' && { salesforce: readSalesforce(text, number) }),
    ...(text('SANDBOX_PIPEDRIVE') === '1' && { pipedrive: {} }),
    ...(plays && { eventsPerMinute: number('SANDBOX_EVENTS_PER_MINUTE') ?? DEFAULT_EVENTS_PER_MINUTE }),
  };
}

/** Secrets and ids that are not set are those of the sandbox. */
function readSalesforce(
  text: (name: string) => string | undefined,
  number: (name: string) => number | undefined,
): SalesforceOptions {
  const [clientSecret, accessToken] = [
    text('SANDBOX_SALESFORCE_CLIENT_SECRET'),
    text('SANDBOX_SALESFORCE_ACCESS_TOKEN'),
  ];
  const port = number('SANDBOX_PUBSUB_PORT');
  return {
    ...(clientSecret !== undefined && { clientSecret }),
    ...(accessToken !== undefined && { accessToken }),
    ...(port !== undefined && { pubsub: { port } }),
  };
}

function readNumber(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d+(\.\d+)?$/.test(value))
    throw new Error(`${name} must be a number, but is "${value}". Set it anew, or leave it out.`);
  return Number(value);
}
