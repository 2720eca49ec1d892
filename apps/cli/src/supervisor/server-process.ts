import { setTimeout as delay } from 'node:timers/promises';
import { startNatsServer, type RunningNatsServer, type StartOptions } from '@crm-mesh/nats-server';
import { startGuard, type Guard } from './guard.js';
import { decideRestart } from './restart-delay.js';

export interface ServerHooks {
  onRestart(detail: string): void;
  onReady(pid: number): void;
}

export interface ServerProcess {
  readonly url: string;
  readonly version: string;
  readonly pid: number;
  stop(): Promise<void>;
  kill(): void;
}

/** The apps need it to drain, and take at most this long when the supervisor was killed. */
const GUARD_DELAY_S = 5;

/** Starts nats-server, and starts it again on its port whenever it ends by itself. */
export async function startServer(options: StartOptions, hooks: ServerHooks): Promise<ServerProcess> {
  const state = { stopping: false, failures: 0, wake: new AbortController() };
  let server = await startNatsServer({ ...options, detached: true });
  let guard = guardServer(server);
  let startedAtMs = performance.now();
  hooks.onReady(server.pid);

  const keepRunning = async (): Promise<void> => {
    while (!state.stopping) {
      const exit = await server.exited;
      guard.dismiss();
      if (state.stopping) return;
      const decision = decideRestart(state.failures, performance.now() - startedAtMs);
      state.failures = decision.failures;
      hooks.onRestart(
        `ended by itself (${exit.signal ?? `exit code ${exit.code}`}); starting it again in ${decision.delayMs / 1_000} s`,
      );
      await delay(decision.delayMs, undefined, { signal: state.wake.signal }).catch(() => undefined);
      if (state.stopping) return;
      startedAtMs = performance.now();
      server = await restart(server, options, hooks);
      guard = guardServer(server);
    }
  };
  void keepRunning();

  return {
    get url() {
      return server.url;
    },
    get version() {
      return server.version;
    },
    get pid() {
      return server.pid;
    },
    stop: async () => {
      state.stopping = true;
      state.wake.abort();
      await server.stop();
      guard.dismiss();
    },
    kill: () => {
      state.stopping = true;
      state.wake.abort();
      server.kill('SIGKILL');
      guard.dismiss();
    },
  };
}

/** On the same port: the apps know no other. A failed try leaves the old, ended server in place for the next one. */
async function restart(old: RunningNatsServer, options: StartOptions, hooks: ServerHooks): Promise<RunningNatsServer> {
  try {
    const server = await startNatsServer({ ...options, detached: true, port: old.port });
    if (server.port !== old.port) {
      await server.stop();
      hooks.onRestart(`cannot have its port ${old.port} back: another process listens there`);
      return old;
    }
    hooks.onReady(server.pid);
    return server;
  } catch (error) {
    hooks.onRestart(error instanceof Error ? error.message : String(error));
    return old;
  }
}

/** nats-server cannot notice by itself that we are gone. */
function guardServer({ pid }: RunningNatsServer): Guard {
  return startGuard({ pid, signal: 'TERM', delayS: GUARD_DELAY_S });
}
