interface Call {
  id: number;
  name: string;
  argument: never;
}

type Handlers = Record<string, (argument: never) => unknown>;

const BYTES_PER_MB = 1_024 * 1_024;

/** What every process can tell of itself. */
const MEASURES: Record<string, () => number> = {
  rss: () => process.memoryUsage.rss() / BYTES_PER_MB,
  cpu: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000;
  },
};

/** Answers the calls of the process that started this one, and ends with it. */
export function serveWorker(handlers: Handlers): void {
  const answer = async ({ id, name, argument }: Call): Promise<void> => {
    try {
      const measure = MEASURES[name];
      if (measure) return tell({ id, result: measure() });
      const result = await handlers[name]?.(argument);
      if (name === 'stop') process.exit(0);
      tell({ id, result });
    } catch (error) {
      tell({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  };
  process.on('message', (call: Call) => void answer(call));
  process.on('disconnect', () => process.exit(0));
  // Ctrl-C reaches every process of a terminal: the one that started us stops us.
  process.on('SIGINT', () => undefined);
}

function tell(message: { id: number; result?: unknown; error?: string }): void {
  process.send?.(message);
}
