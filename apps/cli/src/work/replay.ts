import { createInterface } from 'node:readline/promises';
import pc from 'picocolors';
import { MeshError } from '@crm-mesh/contract';
import type { Place, ReplayRequest } from '@crm-mesh/delivery';
import type { Nats } from '@crm-mesh/jetstream';
import type { CliContext } from '../cli-context.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { withMesh } from '../mesh/connect-mesh.js';
import { checkEventTypes, planEventFilter } from '../mesh/event-query.js';
import { nameActor } from '../mesh/name-actor.js';
import { beginReplay, sendReplay, type ReplayReport } from '../mesh/send-replay.js';
import { formatCount } from '../output/format.js';
import type { Terminal } from '../output/terminal.js';

interface ReplayOptions {
  from?: Place;
  to?: Place;
  record?: string;
  events?: string;
  again?: boolean;
  resume?: string;
  rate: number;
  yes?: boolean;
  as?: string;
}

export async function replayEvents(context: CliContext, options: ReplayOptions, consumer: string): Promise<ExitCode> {
  const { terminal } = context;
  const request = options.resume === undefined ? planReplay(options, consumer) : undefined;
  return withMesh(context, async (nats) => {
    if (request && !options.yes && terminal.interactive && !(await askPerson(request))) return EXIT.problem;
    const run = request ? (await beginReplay(nats, request)).run : options.resume!;
    const report = await send(nats, { consumer, run, perSecond: options.rate }, terminal);
    terminal.printJson(report);
    terminal.print(renderReport(report));
    return EXIT.ok;
  });
}

/** Throws MESH_USAGE. */
function planReplay({ from, to, record, events, again, as }: ReplayOptions, consumer: string): ReplayRequest {
  if (!from) {
    const cure = 'Say --from with a sequence or a time, or --resume with the run that was interrupted.';
    throw new MeshError('MESH_USAGE', 'Where the replay begins was not said.', { cure });
  }
  return {
    ...{ consumer, by: nameActor(as), from },
    ...(to && { to }),
    ...(record === undefined ? {} : { filterSubject: planEventFilter({ record }) }),
    ...(events === undefined ? {} : { events: checkEventTypes(events.split(',')) }),
    ...(again ? { again } : {}),
  };
}

async function send(
  nats: Nats,
  { consumer, run, perSecond }: { consumer: string; run: string; perSecond: number },
  terminal: Terminal,
): Promise<ReplayReport> {
  terminal.remark(pc.dim(`If it is interrupted: mesh replay ${consumer} --resume ${run}`));
  return sendReplay(
    nats,
    { consumer, run },
    {
      perSecond,
      onProgress: ({ sent, skipped, position }, end) =>
        terminal.remark(
          pc.dim(
            `${formatCount(sent)} sent, ${formatCount(skipped)} skipped; at event ${formatCount(position)} of ${formatCount(end)}`,
          ),
        ),
    },
  );
}

async function askPerson({ consumer, from, to, again }: ReplayRequest): Promise<boolean> {
  const what = `events from ${namePlace(from)}${to ? ` to ${namePlace(to)}` : ''}`;
  const line = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await line.question(`Replay ${what} to ${consumer}${again ? ', done or not' : ''}? [y/N] `);
  line.close();
  return /^y(es)?$/i.test(answer.trim());
}

function namePlace(place: Place): string {
  return 'sequence' in place ? String(place.sequence) : place.time;
}

function renderReport({ consumer, sent, skipped }: ReplayReport): string {
  if (sent + skipped === 0) return 'There is nothing to replay.';
  return [
    `${pc.green('✓')} ${formatCount(sent)} sent to ${consumer}`,
    ...(skipped > 0 ? [`  ${formatCount(skipped)} skipped: the inbox knows them (--again runs them)`] : []),
  ].join('\n');
}
