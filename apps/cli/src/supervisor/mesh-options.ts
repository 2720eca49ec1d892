import type { AppName } from './app-process.js';
import type { AppPorts } from './default-ports.js';

export interface MeshOptions {
  cwd: string;
  env: NodeJS.ProcessEnv;
  /** Where a fetched nats-server is kept. */
  cacheDir: string;
  ports: AppPorts & { nats: number };
  /** Whether the sandbox CRM lives its small company's life by itself. */
  play: boolean;
  eventsPerMinute?: number;
  hooks: MeshHooks;
}

export interface MeshHooks {
  /** Before a step that may take over a second. */
  onProgress(step: string): void;
  /** A process ended by itself, or came back. */
  onTrouble(who: AppName | 'nats-server', detail: string): void;
  /** One line of an app's log. */
  onLine(app: AppName, line: string): void;
}
