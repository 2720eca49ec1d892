import pc from 'picocolors';
import type { MeshEvent } from '@crm-mesh/contract';
import type { Nats, StoredMessage } from '@crm-mesh/jetstream';
import type { CliContext } from '../cli-context.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { withMesh } from '../mesh/connect-mesh.js';
import { nameRecord } from '../mesh/dead-letters.js';
import { planEventFilter, type EventQuery } from '../mesh/event-query.js';
import { formatClock } from '../output/format.js';

interface TailOptions extends EventQuery {
  from?: number;
  limit?: number;
  data?: boolean;
}

export async function tailEvents(context: CliContext, options: TailOptions): Promise<ExitCode> {
  const filterSubject = planEventFilter(options);
  const ended = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ended.abort());
  return withMesh(context, async (nats) => {
    context.terminal.remark(pc.dim(`following ${filterSubject} (Ctrl-C ends it)`));
    await follow(context, nats, { ...options, filterSubject, signal: ended.signal });
    return EXIT.ok;
  });
}

async function follow(
  { terminal }: CliContext,
  nats: Nats,
  {
    filterSubject,
    from,
    limit = Infinity,
    data = false,
    signal,
  }: TailOptions & { filterSubject: string; signal: AbortSignal },
): Promise<void> {
  let shown = 0;
  for await (const message of nats.followStream('CRM_EVENTS', { filterSubject, fromSequence: from, signal })) {
    const event = JSON.parse(new TextDecoder().decode(message.data)) as MeshEvent;
    terminal.printJson({ sequence: message.sequence, storedAt: new Date(message.storedAtMs).toISOString(), event });
    terminal.print(renderEvent(message, event, data));
    shown += 1;
    if (shown >= limit) return;
  }
}

function renderEvent(message: StoredMessage, event: MeshEvent, data: boolean): string {
  const type = event.type.replace(/^crm\./, '').padEnd(20);
  const line = `${pc.dim(formatClock(message.storedAtMs))} ${pc.dim(String(message.sequence).padStart(8))} ${pc.bold(type)} ${nameRecord(message.subject).padEnd(34)} ${pc.dim(`v${event.recordversion} ${event.origin}`)}`;
  return data ? `${line}\n${pc.dim(JSON.stringify(event.data.changes))}` : line;
}
