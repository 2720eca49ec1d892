import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the sandbox CRM and the demo's connections share. */
export interface DemoSecrets {
  sandboxSecret: string;
  sandboxToken: string;
  /** Bearer token of the CloudEvents connection. */
  eventsToken: string;
}

const locate = (dataDir: string): string => join(dataDir, 'demo-secrets.json');

/** Made once for a data folder, so that a curl line that was copied yesterday works today. */
export function keepDemoSecrets(dataDir: string): DemoSecrets {
  const kept = readKept(dataDir);
  if (kept) return kept;
  const secrets = drawSecrets();
  writeFileSync(locate(dataDir), JSON.stringify(secrets, undefined, 2), { mode: 0o600 });
  return secrets;
}

/** Those of the data folder; before the first start, some that stand for those to come. */
export function peekDemoSecrets(dataDir: string): DemoSecrets {
  return readKept(dataDir) ?? drawSecrets();
}

function readKept(dataDir: string): DemoSecrets | undefined {
  try {
    return JSON.parse(readFileSync(locate(dataDir), 'utf8')) as DemoSecrets;
  } catch {
    return undefined;
  }
}

function drawSecrets(): DemoSecrets {
  return { sandboxSecret: draw(), sandboxToken: draw(), eventsToken: `demo-${draw(6)}` };
}

const draw = (bytes = 16): string => randomBytes(bytes).toString('hex');
