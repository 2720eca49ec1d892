import { join } from 'node:path';
import { findNatsServer, startNatsServer, type RunningNatsServer, type ServerSettings } from '@crm-mesh/nats-server';
import { waitUntilFrozen } from './frozen.js';
import { startServerGuard } from './server-guard.js';
import { makeTempDir, type TempDir } from './temp-dir.js';

export interface TestNatsOptions {
  /** Settings as in the server's configuration file, e.g. `{ max_payload: 4096 }`. */
  settings?: ServerSettings;
  syncInterval?: string;
  user?: string;
  password?: string;
  /** Also opens the monitoring port. */
  monitor?: boolean;
}

/** A nats-server of one test file. Stop it in `afterAll`. */
export interface TestNats {
  url: string;
  port: number;
  monitorPort?: number;
  storeDir: string;
  /** The pid of the server that runs now. */
  pid(): number;
  /** Ends it by SIGKILL and keeps the store; `restart` brings it back. */
  kill(): Promise<void>;
  /** Ends it in an orderly way if it runs, and starts it again on the same port and store. */
  restart(): Promise<void>;
  /** Freezes it: connections stay open, nobody answers. Settles when it is really frozen. */
  pause(): Promise<void>;
  resume(): void;
  /** Ends it and removes its store. */
  stop(): Promise<void>;
}

/** The cache that `npm test` fills, shared by every test of the repository. */
const CACHE_DIR = join(import.meta.dirname, '../../../.mesh/bin');

/** Never the user's own server: tests kill theirs. */
export async function findTestBinary(): Promise<string> {
  const found = await findNatsServer({ cacheDir: CACHE_DIR, env: { ...process.env, NATS_URL: '' } });
  if (found.kind === 'external') throw new Error(`tests need a nats-server of their own, not ${found.url}`);
  return found.path;
}

export async function startTestNats(options: TestNatsOptions = {}): Promise<TestNats> {
  const binary = await findTestBinary();
  const temp = makeTempDir('nats');
  const storeDir = join(temp.path, 'store');
  const { monitor, ...settings } = options;
  const start = { binary, storeDir, ...settings };
  const server = await startNatsServer({ ...start, monitorPort: monitor ? 0 : undefined });
  return holdServer({ ...start, port: server.port, monitorPort: server.monitorPort }, server, temp);
}

type Start = Parameters<typeof startNatsServer>[0];

function holdServer(start: Start, first: RunningNatsServer, temp: TempDir): TestNats {
  let server = first;
  const guard = startServerGuard(temp.path);
  guard.watch(server.pid);
  const end = async (): Promise<void> => {
    server.kill('SIGCONT');
    await server.stop();
    guard.watch(undefined);
  };
  return {
    url: server.url,
    port: server.port,
    monitorPort: server.monitorPort,
    storeDir: start.storeDir,
    pid: () => server.pid,
    kill: async () => {
      server.kill('SIGKILL');
      await server.exited;
      guard.watch(undefined);
    },
    restart: async () => {
      await end();
      server = await startNatsServer(start);
      guard.watch(server.pid);
      if (server.port !== first.port) throw new Error(`port ${first.port} was taken while the server was down`);
    },
    pause: () => {
      server.kill('SIGSTOP');
      return waitUntilFrozen(server.pid);
    },
    resume: () => server.kill('SIGCONT'),
    stop: async () => {
      await end();
      guard.release();
      temp.remove();
    },
  };
}
