import { resolve } from 'node:path';
import { MeshError } from '@crm-mesh/contract';
import { cached } from './ways/cache.js';
import { debianTesting } from './ways/debian.js';
import { goInstall } from './ways/go-install.js';
import { officialRelease } from './ways/release.js';
import { onPath } from './ways/path.js';
import { ownServer } from './ways/own-server.js';
import type { NatsServerFound, Way, WayContext } from './ways/way.js';

export interface FindOptions {
  /** Where a fetched binary is kept, e.g. `.mesh/bin`. */
  cacheDir: string;
  env?: NodeJS.ProcessEnv;
  /** Called before each step that may take over a second. */
  onProgress?: (step: string) => void;
  /** The ways to try, in order; all of them by default. */
  ways?: readonly Way[];
  /** A mirror of the official releases. */
  releaseBaseUrl?: string;
}

const RELEASES = 'https://github.com/nats-io/nats-server/releases/download';

/** In the order in which they are tried: what the user chose, what is there, what is quick to fetch. */
export const WAYS: readonly Way[] = [ownServer, onPath, cached, officialRelease, debianTesting, goInstall];

/** Finds a nats-server ≥ 2.12, fetching one into the cache if need be; MESH_NATS_SERVER_MISSING says why each way failed. */
export async function findNatsServer(options: FindOptions): Promise<NatsServerFound> {
  const context: WayContext = {
    cacheDir: resolve(options.cacheDir),
    env: options.env ?? process.env,
    onProgress: options.onProgress ?? (() => undefined),
    releaseBaseUrl: options.releaseBaseUrl ?? RELEASES,
  };
  const failures: string[] = [];
  for (const way of options.ways ?? WAYS) {
    try {
      return await way.try(context);
    } catch (error) {
      failures.push(`${way.name}: ${describeFailure(error)}`);
    }
  }
  throw new MeshError('MESH_NATS_SERVER_MISSING', `No nats-server was found. Tried: ${failures.join('; ')}.`);
}

/** Programs fail with pages of output; its last line is what counts. */
function describeFailure(error: unknown): string {
  const { shortMessage, stderr, message } = error as { shortMessage?: string; stderr?: string; message?: string };
  if (shortMessage === undefined) return message ?? String(error);
  const lastLine = stderr?.trim().split('\n').at(-1);
  return lastLine ? `${shortMessage} (${lastLine})` : shortMessage;
}
