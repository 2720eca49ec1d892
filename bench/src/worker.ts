import { fork, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { basename, join } from 'node:path';

const CALL_LIMIT_MS = 180_000;
const STOP_LIMIT_MS = 10_000;

export interface WorkerOptions {
  profileDir?: string | undefined;
  /** How large its heap may become; default: as Node decides. */
  heapMb?: number;
}

interface Answer {
  id: number;
  result?: unknown;
  error?: string;
}

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** A process under test or a load generator: a program of ours that answers calls. */
export class Worker {
  readonly #waiting = new Map<number, Waiting>();
  #calls = 0;

  constructor(
    private readonly label: string,
    private readonly child: ChildProcess,
  ) {
    child.on('message', (message) => this.#take(message as Answer));
    child.once('exit', (code, signal) => this.#end(`${label} ended with ${signal ?? code}`));
    child.once('error', (error) => this.#end(`${label}: ${error.message}`));
  }

  call<T>(name: string, argument: object = {}): Promise<T> {
    const id = (this.#calls += 1);
    return new Promise<T>((resolve, reject) => {
      const limit = setTimeout(() => reject(new Error(`${this.label}: ${name} took too long`)), CALL_LIMIT_MS);
      const settle =
        <V>(then: (value: V) => void) =>
        (value: V): void => {
          clearTimeout(limit);
          this.#waiting.delete(id);
          then(value);
        };
      this.#waiting.set(id, { resolve: settle(resolve as (result: unknown) => void), reject: settle(reject) });
      this.child.send({ id, name, argument }, (error) => error && this.#waiting.get(id)?.reject(error));
    });
  }

  /** Resident memory now, in MB. */
  readRssMb(): Promise<number> {
    return this.call<number>('rss');
  }

  /** CPU that it has taken so far, with all its threads, in ms. */
  readCpuMs(): Promise<number> {
    return this.call<number>('cpu');
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => this.child.once('exit', () => resolve()));
    const limit = setTimeout(() => this.child.kill('SIGKILL'), STOP_LIMIT_MS);
    this.call('stop').catch(() => undefined);
    await ended;
    clearTimeout(limit);
  }

  /** kill -9. */
  async kill(): Promise<void> {
    const ended = new Promise<void>((resolve) => this.child.once('exit', () => resolve()));
    this.child.kill('SIGKILL');
    await ended;
  }

  #take({ id, result, error }: Answer): void {
    const waiting = this.#waiting.get(id);
    if (error === undefined) waiting?.resolve(result);
    else waiting?.reject(new Error(`${this.label}: ${error}`));
  }

  #end(reason: string): void {
    for (const { reject } of this.#waiting.values()) reject(new Error(reason));
  }
}

/** `program` is its path below bench/, without ending, e.g. `references/node-http`. */
export function startWorker(program: string, { profileDir, heapMb }: WorkerOptions = {}): Worker {
  const kept =
    profileDir === undefined ? undefined : join(profileDir, `${program.replaceAll('/', '-')}-${(profiles += 1)}`);
  const profile =
    kept === undefined
      ? []
      : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`, `--cpu-prof-name=${basename(kept)}.cpuprofile`];
  const heap = heapMb === undefined ? [] : [`--max-old-space-size=${heapMb}`];
  // Apps log to stdout; nobody asks for that here, but it is written as it always is.
  const log = kept === undefined ? 'ignore' : openSync(`${kept}.log`, 'w');
  const child = fork(join(import.meta.dirname, '..', `${program}.js`), [], {
    execArgv: ['--enable-source-maps', ...profile, ...heap],
    stdio: ['ignore', log, 'inherit', 'ipc'],
    serialization: 'advanced',
  });
  if (typeof log === 'number') closeSync(log);
  return new Worker(program, child);
}

let profiles = 0;
