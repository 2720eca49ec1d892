export { findNatsServer, type FindOptions } from './find-nats-server.js';
export type { NatsServerFound } from './ways/way.js';
export { startNatsServer, type RunningNatsServer, type ServerExit, type StartOptions } from './start-nats-server.js';
export type { ServerSettings } from './server-config.js';
export { findFreePort, isPortFree } from './free-port.js';
export { LEAST_VERSION } from './version.js';
