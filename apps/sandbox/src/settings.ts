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
    ...(plays && { eventsPerMinute: number('SANDBOX_EVENTS_PER_MINUTE') ?? DEFAULT_EVENTS_PER_MINUTE }),
  };
}

function readNumber(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d+(\.\d+)?$/.test(value))
    throw new Error(`${name} must be a number, but is "${value}". Set it anew, or leave it out.`);
  return Number(value);
}
