import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net';

/** A TCP relay on 127.0.0.1 that a test can break. */
export interface TcpProxy {
  port: number;
  /** `nats://127.0.0.1:<port>` */
  url: string;
  /** Connections open now. */
  open(): number;
  /** Resets every connection; new ones are taken. */
  cut(): void;
  /** Resets every connection and refuses new ones until `allow`. */
  refuse(): void;
  allow(): void;
  /** Holds the bytes of both directions back, as a network that loses everything does, until `release`. */
  stall(): void;
  release(): void;
  stop(): Promise<void>;
}

interface Pair {
  near: Socket;
  far: Socket;
}

export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const pairs = new Set<Pair>();
  let refusing = false;
  let stalled = false;
  const server = createServer((near) => {
    if (refusing) return void near.resetAndDestroy();
    const pair = joinSockets(near, createConnection({ port: targetPort, host: '127.0.0.1' }));
    pairs.add(pair);
    near.once('close', () => pairs.delete(pair));
    if (stalled) stallPair(pair);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const cut = (): void => pairs.forEach(({ near }) => near.resetAndDestroy());
  return {
    port,
    url: `nats://127.0.0.1:${port}`,
    open: () => pairs.size,
    cut,
    refuse: () => {
      refusing = true;
      cut();
    },
    allow: () => void (refusing = false),
    stall: () => {
      stalled = true;
      pairs.forEach(stallPair);
    },
    release: () => {
      if (!stalled) return;
      stalled = false;
      pairs.forEach(joinPair);
    },
    stop: () => {
      cut();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** The end of one side, in whatever way, is the end of the other. */
function joinSockets(near: Socket, far: Socket): Pair {
  const pair = { near, far };
  near.on('error', () => undefined).once('close', () => far.destroy());
  far.on('error', () => undefined).once('close', () => near.destroy());
  near.setNoDelay(true);
  far.setNoDelay(true);
  joinPair(pair);
  return pair;
}

function joinPair({ near, far }: Pair): void {
  near.pipe(far);
  far.pipe(near);
}

function stallPair({ near, far }: Pair): void {
  near.unpipe(far).pause();
  far.unpipe(near).pause();
}
