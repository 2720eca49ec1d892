import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

// Below the range from which systems lend ports to outgoing connections (32768 on Linux, 49152 elsewhere): nobody's
// client can sit on the port between a server's end and its restart, nor connect to itself while it waits for it.
const LOWEST = 20_000;
const HIGHEST = 32_000;
const TRIES = 50;

export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** The wished port if it is free on 127.0.0.1, else (and for 0) a random free one. */
export async function findFreePort(wished = 0): Promise<number> {
  if (wished !== 0 && (await isPortFree(wished))) return wished;
  for (let tries = 0; tries < TRIES; tries += 1) {
    const port = randomInt(LOWEST, HIGHEST);
    if (await isPortFree(port)) return port;
  }
  throw new Error(`no free port between ${LOWEST} and ${HIGHEST} on 127.0.0.1 in ${TRIES} tries`);
}
