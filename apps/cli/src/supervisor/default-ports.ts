import type { AppName } from './app-process.js';

export type AppPorts = Record<AppName, number>;

export const DEFAULT_PORTS: AppPorts & { nats: number } = { publisher: 8080, host: 8081, sandbox: 8082, nats: 4222 };
