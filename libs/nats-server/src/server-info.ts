import { createConnection } from 'node:net';

/** The part of a server's greeting (`INFO {…}`) that we look at. */
export interface ServerInfo {
  server_name: string;
  version: string;
  jetstream?: boolean;
}

/** Connects, reads the greeting that every NATS server sends first, and hangs up. Undefined where nobody greets. */
export function readServerInfo(port: number, timeoutMs = 1_000): Promise<ServerInfo | undefined> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1' });
    let greeting = '';
    const finish = (info: ServerInfo | undefined): void => {
      resolve(info);
      socket.destroy();
    };
    socket.setEncoding('utf8').setTimeout(timeoutMs, () => finish(undefined));
    socket.once('error', () => finish(undefined)).once('close', () => finish(undefined));
    socket.on('data', (chunk: string) => {
      greeting += chunk;
      if (greeting.includes('\r\n')) finish(parseGreeting(greeting));
    });
  });
}

function parseGreeting(greeting: string): ServerInfo | undefined {
  const line = /^INFO (\{.*\})\s*\r\n/.exec(greeting)?.[1];
  if (line === undefined) return undefined;
  try {
    return JSON.parse(line) as ServerInfo;
  } catch {
    return undefined;
  }
}
