import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import type { BenchCase, Contest, OpenOptions } from '../src/bench-case.js';
import { EVENT_HEADERS, makeEvents } from '../src/crm-messages.js';
import { findProgram } from '../src/find-program.js';
import { Ground } from '../src/ground.js';
import { measurePublish, openPublisher, PUBLISH_WINDOW } from './publish.js';

const LIMIT_MS = 120_000;

/** Against the Go client: the fastest there is. It sends the same payload, with as many headers, to one subject. */
export const publishGo: BenchCase = {
  name: 'publish-go',
  reference: 'nats bench js pub async',
  unit: 'events/s',
  goal: { kind: 'ratio-at-least', target: 0.7 },
  events: 40_000,
  whyNot: () => (findProgram('nats') ? undefined : 'there is no nats command on the PATH'),
  open: openPublishGo,
};

async function openPublishGo({ events, profileDir }: OpenOptions): Promise<Contest> {
  const ground = await Ground.open();
  const ours = await openPublisher(ground, 'src/our-publisher', profileDir);
  const payloadFile = join(ground.temp.path, 'payload.json');
  const [message] = makeEvents(1, { run: 'go' });
  writeFileSync(payloadFile, message!.payload);
  let runs = 0;
  return {
    measure: (side) => {
      if (side === 'reference') return measureGo(ground, payloadFile, events);
      return measurePublish(ground, ours, { events, run: `g${(runs += 1)}` });
    },
    close: () => ground.close(),
  };
}

async function measureGo(ground: Ground, payloadFile: string, events: number): Promise<number> {
  await ground.clear('CRM_EVENTS');
  const { stdout, stderr } = await execa(
    'nats',
    [
      ...['--server', ground.natsUrl, 'bench', 'js', 'pub', 'async', 'crm.acme.bench.deal.updated.1'],
      ...['--stream', 'CRM_EVENTS', '--batch', String(PUBLISH_WINDOW), '--msgs', String(events), '--dedup'],
      ...['--payload', payloadFile, '--header', `content-type:${EVENT_HEADERS['content-type']}`],
      ...['--clients', '1', '--no-progress'],
    ],
    { timeout: LIMIT_MS },
  );
  await ground.expectMessages('CRM_EVENTS', events);
  return readRate(`${stdout}\n${stderr}`);
}

/** `… stats: 80,500 msgs/sec ~ …` */
function readRate(output: string): number {
  const rate = /([\d,]+) msgs\/sec/.exec(output)?.[1];
  if (rate === undefined) throw new Error(`nats bench told no rate: ${output.slice(-500)}`);
  return Number(rate.replaceAll(',', ''));
}
