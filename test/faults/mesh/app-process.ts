import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { execa, type ResultPromise } from 'execa';
import { REGISTER, type Plant } from '../plant/index.js';

export type App = 'publisher' | 'host';

const ROOT = join(import.meta.dirname, '../../..');
const READY_TIMEOUT_MS = 90_000;
const KEPT_LINES = 40;
/** It may come to a failpoint before it is ready. */
const STOPPED = /^failpoint .*: stop /m;

export interface AppProcessOptions {
  app: App;
  /** Of the log; default: the app's. */
  name?: string;
  /** Where mesh.yaml is; the log goes here too. */
  folder: string;
  natsUrl: string;
  env?: Record<string, string>;
}

/** The real process, as `mesh up` would run it, with what a test plants into it. */
export class AppProcess {
  /** Process ids of lives that ended without warning. */
  readonly crashed = new Set<number>();
  #running: ResultPromise | undefined;
  #ended: Promise<void> = Promise.resolve();
  #lines: string[] = [];
  /** Free at the first start, the same ever after. */
  #port = 0;

  constructor(private readonly options: AppProcessOptions) {}

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get pid(): number | undefined {
    return this.#running?.pid;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** Its last lines. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  get log(): string {
    return this.#lines.join('\n');
  }

  /** Resolves when it says that it is ready, or has ended or stopped before it could, at a failpoint. */
  async start(plant: Plant = {}): Promise<void> {
    const { app, name = app, folder, natsUrl } = this.options;
    const isPlanted = (plant.points ?? []).length + (plant.bugs ?? []).length > 0;
    const args = [...(isPlanted ? ['--import', REGISTER] : []), join(ROOT, 'apps', app, 'dist/main.js')];
    const own = { NATS_URL: natsUrl, PORT: String(this.#port), LOG_LEVEL: 'info', MESH_PLANT: JSON.stringify(plant) };
    const env = { ...own, ...this.options.env };
    const running = execa('node', args, { cwd: folder, env, reject: false, all: true, buffer: false });
    this.#running = running;
    const file = createWriteStream(join(folder, `${name}.log`), { flags: 'a' });
    // Which life the lines below are of.
    file.write(`${JSON.stringify({ pid: running.pid, msg: 'process' })}\n`);
    this.#ended = this.#watchEnd(running).finally(() => file.end());
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${app} is not ready:\n${this.log}`)), READY_TIMEOUT_MS);
      const finish = (): void => {
        clearTimeout(timer);
        resolve();
      };
      running.all.on('data', (data: Buffer) => {
        file.write(data);
        this.#lines = [...this.#lines, ...data.toString().split('\n').filter(Boolean)].slice(-KEPT_LINES);
        const url = /"url":"([^"]+)".*"msg":"ready"/.exec(data.toString())?.[1];
        if (url !== undefined && app === 'publisher') this.#port = Number(new URL(url).port);
        if (url !== undefined || STOPPED.test(data.toString())) finish();
      });
      void this.#ended.then(finish);
    });
  }

  async #watchEnd(running: ResultPromise): Promise<void> {
    const { signal } = await running;
    if (signal === 'SIGKILL' && running.pid !== undefined) this.crashed.add(running.pid);
    this.#running = undefined;
  }

  async kill(): Promise<void> {
    this.#running?.kill('SIGKILL');
    await this.#ended;
  }

  freeze(): void {
    this.#running?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#running?.kill('SIGCONT');
  }

  /** Ends it in an orderly way. */
  async stop(): Promise<void> {
    this.#running?.kill('SIGCONT');
    this.#running?.kill('SIGTERM');
    await this.#ended;
  }

  /** Resolves when it has ended by itself, or rejects after the time. */
  async ended(timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(
        () => reject(new Error(`${this.options.app} did not end within ${timeoutMs} ms:\n${this.log}`)),
        timeoutMs,
      );
    });
    await Promise.race([this.#ended, late]).finally(() => clearTimeout(timer));
  }
}
