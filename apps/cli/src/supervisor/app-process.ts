import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { MeshError } from '@crm-mesh/contract';
import { startGuard } from './guard.js';
import { decideRestart } from './restart-delay.js';
import { onLines } from './split-lines.js';

export type AppName = 'publisher' | 'host' | 'sandbox';

export interface AppSpec {
  name: AppName;
  /** Compiled entry file. */
  main: string;
  env: NodeJS.ProcessEnv;
  cwd: string;
  /** Starts when that one is ready; all others start together. */
  after?: AppName;
}

export interface AppHooks {
  onLine(app: AppName, line: string): void;
  /** It ended by itself and will be started again. */
  onRestart(app: AppName, detail: string): void;
  /** It runs under a new process id. */
  onReady(app: AppName, pid: number): void;
  /** Gives up waiting for a start. */
  signal: AbortSignal;
}

export interface AppProcess {
  readonly name: AppName;
  readonly url: string;
  readonly pid: number | undefined;
  /** SIGTERM, and SIGKILL when it has not drained in time. */
  stop(): Promise<void>;
  kill(): void;
}

const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 20_000;
/** An app ends by itself within 12 s of our end (follow-supervisor.ts), unless its event loop is kept busy for ever. */
const GUARD_DELAY_S = 15;
const QUOTED_LINES = 15;
const FOLLOW = new URL('./follow-supervisor.js', import.meta.url).href;

/** Where an app's compiled entry lies, beside this one. */
export function locateApp(name: AppName): string {
  return fileURLToPath(new URL(`../../../${name}/dist/main.js`, import.meta.url));
}

/** Starts an app, returns when it says `ready`, and starts it again whenever it ends by itself. */
export async function startApp(spec: AppSpec, hooks: AppHooks): Promise<AppProcess> {
  const state = { stopping: false, failures: 0, wake: new AbortController() };
  let run = launch(spec, hooks);
  const url = await run.ready;
  hooks.onReady(spec.name, run.child.pid!);

  const keepRunning = async (): Promise<void> => {
    while (!state.stopping) {
      const how = await run.ended;
      if (state.stopping) return;
      const decision = decideRestart(state.failures, performance.now() - run.startedAtMs);
      state.failures = decision.failures;
      hooks.onRestart(spec.name, `ended by itself (${how}); starting it again in ${decision.delayMs / 1_000} s`);
      await delay(decision.delayMs, undefined, { signal: state.wake.signal }).catch(() => undefined);
      if (state.stopping) return;
      // The port that the others know.
      run = launch({ ...spec, env: { ...spec.env, PORT: new URL(url).port } }, hooks);
      await run.ready.then(
        () => hooks.onReady(spec.name, run.child.pid!),
        (error: unknown) => hooks.onRestart(spec.name, error instanceof MeshError ? error.what : String(error)),
      );
    }
  };
  void keepRunning();

  return {
    name: spec.name,
    url,
    get pid() {
      return run.child.exitCode === null && run.child.signalCode === null ? run.child.pid : undefined;
    },
    stop: async () => {
      state.stopping = true;
      state.wake.abort();
      await endChild(run.child, run.ended);
    },
    kill: () => {
      state.stopping = true;
      state.wake.abort();
      run.child.kill('SIGKILL');
    },
  };
}

interface Run {
  child: ChildProcess;
  startedAtMs: number;
  /** The app's address. Rejects with MESH_APP_FAILED; then the child is gone. */
  ready: Promise<string>;
  /** How it ended. */
  ended: Promise<string>;
}

function launch(spec: AppSpec, hooks: AppHooks): Run {
  // A group of its own, so that Ctrl-C in the terminal reaches the supervisor alone, which stops them in order.
  const child = spawn(process.execPath, ['--enable-source-maps', '--import', FOLLOW, spec.main], {
    cwd: spec.cwd,
    env: spec.env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  if (child.pid !== undefined) {
    const guard = startGuard({ pid: child.pid, signal: 'KILL', delayS: GUARD_DELAY_S });
    child.once('exit', () => guard.dismiss());
  }
  const giveUp = (): void => void child.kill('SIGTERM');
  if (hooks.signal.aborted) giveUp();
  hooks.signal.addEventListener('abort', giveUp, { once: true });
  const recent: string[] = [];
  const ready = new Promise<string>((resolve, reject) => {
    const onLine = (line: string): void => {
      if (recent.push(line) > QUOTED_LINES) recent.shift();
      const url = readReadyUrl(line);
      if (url !== undefined) resolve(url);
      hooks.onLine(spec.name, line);
    };
    onLines(child.stdout!, onLine);
    onLines(child.stderr!, onLine);
    void ended.then((how) => reject(describeFailure(spec.name, `ended before it was ready (${how})`, recent)));
  });
  return {
    child,
    startedAtMs: performance.now(),
    ready: limitReady(ready, child, () => recent, spec.name).finally(() =>
      hooks.signal.removeEventListener('abort', giveUp),
    ),
    ended,
  };
}

async function limitReady(
  ready: Promise<string>,
  child: ChildProcess,
  recent: () => string[],
  name: AppName,
): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(describeFailure(name, `was not ready within ${READY_TIMEOUT_MS / 1_000} s`, recent()));
    }, READY_TIMEOUT_MS);
  });
  try {
    return await Promise.race([ready, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** `{"msg":"ready","url":"http://127.0.0.1:1234"}` */
export function readReadyUrl(line: string): string | undefined {
  if (!line.includes('"ready"')) return undefined;
  try {
    const { msg, url } = JSON.parse(line) as { msg?: unknown; url?: unknown };
    return msg === 'ready' && typeof url === 'string' ? url : undefined;
  } catch {
    return undefined;
  }
}

function describeFailure(name: AppName, what: string, recent: readonly string[]): MeshError {
  const lines = recent.length > 0 ? ` Its last lines:\n${recent.join('\n')}\n` : '';
  return new MeshError('MESH_APP_FAILED', `The ${name} ${what}.${lines}`);
}

async function endChild(child: ChildProcess, ended: Promise<string>): Promise<void> {
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(force);
}
