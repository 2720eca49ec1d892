import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa, type ResultPromise } from 'execa';

const ROOT = join(import.meta.dirname, '../..');
export type App = 'publisher' | 'host';

/** Publisher and host as `mesh up` would run them, to be killed. */
export class MeshProcesses {
  readonly #apps = new Map<App, ResultPromise>();
  /** Of the publisher: free at its first start, the same ever after. */
  #port = 0;

  constructor(private readonly options: { folder: string; natsUrl: () => string }) {}

  get publisherUrl(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  writeFiles(mesh: object, plugins: Readonly<Record<string, string>>): void {
    const { folder } = this.options;
    mkdirSync(join(folder, 'plugins'));
    writeFileSync(join(folder, 'mesh.yaml'), JSON.stringify(mesh));
    for (const [name, text] of Object.entries(plugins)) writeFileSync(join(folder, `plugins/${name}.plugin.ts`), text);
  }

  /** Resolves when it says that it is ready. */
  async start(app: App): Promise<void> {
    const { folder, natsUrl } = this.options;
    const port = app === 'publisher' ? String(this.#port) : '0';
    const started = execa('node', [join(ROOT, 'apps', app, 'dist/main.js')], {
      cwd: folder,
      env: { NATS_URL: natsUrl(), PORT: port, LOG_LEVEL: 'info' },
      reject: false,
      stderr: 'inherit',
      buffer: false,
    });
    this.#apps.set(app, started);
    const url = await new Promise<string>((resolve, reject) => {
      started.stdout.on('data', (data) => {
        const ready = /"url":"([^"]+)".*"msg":"ready"/.exec(String(data));
        if (ready) resolve(ready[1]!);
      });
      started.once('exit', (code) => reject(new Error(`${app} ended with ${code} before it was ready`)));
    });
    if (app === 'publisher') this.#port = Number(new URL(url).port);
  }

  /** kill -9. */
  async kill(app: App): Promise<void> {
    const running = this.#apps.get(app);
    running?.kill('SIGKILL');
    await running;
  }

  /** Resolves when it has ended, by whomever. */
  async untilEnd(app: App): Promise<void> {
    await this.#apps.get(app);
  }

  async killAll(): Promise<void> {
    await Promise.all([...this.#apps.keys()].map((app) => this.kill(app)));
  }
}
