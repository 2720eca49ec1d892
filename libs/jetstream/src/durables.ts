import { AckPolicy, DeliverPolicy, ReplayPolicy, type ConsumerConfig, type ConsumerInfo } from '@nats-io/jetstream';
import { millis, nanos } from '@nats-io/transport-node';
import { apiErrorCode, askJetStream, isMissing } from './ask-jetstream.js';
import type { Link } from './link.js';
import type { AckMode, DurableSpec, DurableState } from './state.js';
import { readStreamState } from './stream-messages.js';

/** It exists with other settings: somebody else created it in the same moment, or an operator changed it. */
const EXISTS: ReadonlySet<number> = new Set([10013, 10105, 10148]);

/** Creates the durable when it is missing; never changes one. */
export async function ensureDurable(link: Link, spec: DurableSpec): Promise<DurableState> {
  const { stream, name } = spec;
  const found = await durableState(link, stream, name);
  if (found !== undefined) return found;
  const config = await describeDurable(link, spec);
  try {
    const add = (): Promise<ConsumerInfo> => link.jsm.consumers.add(stream, { ...config });
    return toState(await askJetStream(link, `create consumer ${name} of ${stream}`, add));
  } catch (error) {
    if (!EXISTS.has(apiErrorCode(error) ?? 0)) throw error;
    return toState(await askInfo(link, stream, name));
  }
}

async function describeDurable(link: Link, spec: DurableSpec): Promise<Partial<ConsumerConfig>> {
  return {
    durable_name: spec.name,
    description: spec.description,
    filter_subject: spec.filterSubject,
    ...describeAcks(spec),
    // Attempts are counted by the engine: an exhausted delivery that meets a crash would vanish.
    max_deliver: -1,
    replay_policy: ReplayPolicy.Instant,
    metadata: spec.metadata,
    ...(await choosePosition(link, spec)),
  };
}

const ACK_POLICIES = { explicit: AckPolicy.Explicit, all: AckPolicy.All, none: AckPolicy.None } as const;

function describeAcks({ ack = 'explicit', ackWaitMs, maxAckPending }: DurableSpec): Partial<ConsumerConfig> {
  const policy = { ack_policy: ACK_POLICIES[ack] };
  return ack === 'none' ? policy : { ...policy, ack_wait: nanos(ackWaitMs), max_ack_pending: maxAckPending };
}

/** `new` becomes a sequence: so it means this moment, also after a restart of the server or a reset of the consumer. */
async function choosePosition(link: Link, { stream, startFrom }: DurableSpec): Promise<Partial<ConsumerConfig>> {
  if (startFrom === 'all') return { deliver_policy: DeliverPolicy.All };
  if (startFrom === 'new') {
    const { lastSequence } = await readStreamState(link, stream);
    return { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: lastSequence + 1 };
  }
  if ('time' in startFrom) {
    // The server reads full timestamps only, not a date.
    const opt_start_time = new Date(startFrom.time).toISOString();
    return { deliver_policy: DeliverPolicy.StartTime, opt_start_time };
  }
  return { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: Math.max(1, startFrom.sequence) };
}

export async function durableState(link: Link, stream: string, name: string): Promise<DurableState | undefined> {
  try {
    return toState(await askInfo(link, stream, name));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

export async function listDurables(link: Link, stream: string): Promise<DurableState[]> {
  const found = await askJetStream(link, `consumers of ${stream}`, async () => {
    const all: ConsumerInfo[] = [];
    for await (const info of link.jsm.consumers.list(stream)) all.push(info);
    return all;
  });
  return found.filter((info) => info.config.durable_name !== undefined).map(toState);
}

export async function pauseDurable(link: Link, stream: string, name: string, until: Date): Promise<void> {
  await askJetStream(link, `pause consumer ${name} of ${stream}`, () => link.jsm.consumers.pause(stream, name, until));
}

export async function deleteDurable(link: Link, stream: string, name: string): Promise<boolean> {
  try {
    return await askJetStream(link, `delete consumer ${name} of ${stream}`, () =>
      link.jsm.consumers.delete(stream, name),
    );
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

function askInfo(link: Link, stream: string, name: string): Promise<ConsumerInfo> {
  return askJetStream(link, `consumer ${name} of ${stream}`, () => link.jsm.consumers.info(stream, name));
}

function toState(info: ConsumerInfo): DurableState {
  const { config, delivered, ack_floor: ackFloor } = info;
  return {
    stream: info.stream_name,
    name: info.name,
    createdAt: info.created,
    filterSubject: config.filter_subject ?? config.filter_subjects?.join(', ') ?? '',
    ack: config.ack_policy as AckMode,
    ackWaitMs: config.ack_policy === AckPolicy.None ? 0 : millis(config.ack_wait ?? 0),
    maxDeliver: config.max_deliver ?? -1,
    maxAckPending: config.max_ack_pending ?? -1,
    paused: info.paused === true,
    pending: info.num_pending,
    ackPending: info.num_ack_pending,
    redelivered: info.num_redelivered,
    ...(config.opt_start_seq === undefined ? {} : { startSequence: config.opt_start_seq }),
    ...(config.opt_start_time === undefined ? {} : { startTime: config.opt_start_time }),
    deliveredSequence: delivered.stream_seq,
    deliveredCount: delivered.consumer_seq,
    ackFloorSequence: ackFloor.stream_seq,
    metadata: config.metadata,
  };
}
