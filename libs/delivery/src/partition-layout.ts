import type { DurableSpec, DurableState, Nats } from '@crm-mesh/jetstream';
import type { Store } from '@crm-mesh/store';
import type { ConsumerSpec } from './consumer-spec.js';
import { listPartitions, nameDurable, readPartition } from './partition.js';
import { ensureDirectDurable } from './redrive.js';
import { EpochFence } from './store/epoch-fence.js';

/** Into how many durables a consumer is split on the server. */
export interface PartitionLayout {
  /** 0: it has none yet. */
  count: number;
  /** Each of them is there. */
  isWhole: boolean;
  generation: number;
  /** Of the consumer's stream. */
  durables: DurableState[];
  /** Of layouts before, whose removal was cut off. */
  replaced: string[];
  /** Of one that was never finished. */
  unfinished: string[];
}

/** Metadata of a durable: how often the number was changed before. */
const GENERATION = 'layout';

interface DurableSet {
  count: number;
  isWhole: boolean;
  generation: number;
  durables: DurableState[];
}

/**
 * What the server has. A change makes all new durables before it removes the first old one: where both are there, the
 * new ones count as soon as they are complete.
 */
export async function readLayout(
  nats: Nats,
  { name, stream }: Pick<ConsumerSpec, 'name' | 'stream'>,
): Promise<PartitionLayout> {
  const sets = gatherSets(await nats.listDurables(stream), name).toSorted((a, b) => b.generation - a.generation);
  const current = sets.find(({ isWhole }) => isWhole) ?? sets.at(-1);
  const nameAll = (isMeant: (generation: number) => boolean): string[] =>
    sets
      .filter((set) => set !== current && isMeant(set.generation))
      .flatMap(({ durables }) => durables.map((each) => each.name));
  const { generation } = { generation: 0, ...current };
  return {
    ...{ count: 0, isWhole: false, generation, durables: [], ...current },
    replaced: current?.isWhole ? nameAll((other) => other <= generation) : [],
    unfinished: current?.isWhole ? nameAll((other) => other > generation) : nameAll(() => true),
  };
}

function gatherSets(durables: readonly DurableState[], name: string): DurableSet[] {
  const byCount = new Map<number, DurableState[]>();
  for (const durable of durables) {
    const count = readPartition(durable.name, name)?.count;
    if (count !== undefined) byCount.set(count, [...(byCount.get(count) ?? []), durable]);
  }
  return [...byCount].map(([count, members]) => ({
    ...{ count, durables: members, isWhole: members.length === count },
    generation: Math.max(...members.map(({ metadata }) => Number(metadata?.[GENERATION] ?? 0))),
  }));
}

export interface LayoutChange {
  nats: Nats;
  store: Store;
  spec: ConsumerSpec;
  /** Into how many durables. */
  count: number;
  /** By the old durable's name: of the lease on it, where there are leases. */
  epochs: ReadonlyMap<string, number>;
  /** Throws when one of these leases is lost. */
  checkHeld(): void;
}

/**
 * Nothing of the consumer runs anywhere. New durables begin at the lowest floor of the old ones; what lies above it and
 * is done, the inbox knows. May be cut off at any point, and is begun again.
 */
export async function changeLayout({ nats, store, spec, count, epochs, checkHeld }: LayoutChange): Promise<void> {
  const { name, stream } = spec;
  // Who still believes to hold one of the old ones writes nothing more.
  for (const [durable, epoch] of epochs) await new EpochFence(store, durable, epoch).takeOver();
  const old = await readLayout(nats, spec);
  for (const leftover of [...old.replaced, ...old.unfinished]) await removeDurable(nats, stream, leftover);
  const startFrom = await chooseStart(nats, spec, old.durables);
  const direct = (await nats.listDurables('CRM_DIRECT')).filter((durable) => readPartition(durable.name, name));
  const directFrom = direct.length > 0 ? { sequence: lowestFloor(direct) + 1 } : ('all' as const);
  const generation = old.count === count ? old.generation : old.generation + 1;
  const metadata = old.count === 0 ? spec.metadata : { ...spec.metadata, [GENERATION]: String(generation) };
  for (const partition of listPartitions(count)) {
    const durable = { ...spec, partition, metadata };
    checkHeld();
    // One that nothing was sent to directly has none, unless others were to look for it.
    if (count > 1 || direct.length > 0)
      await ensureDirectDurable(nats, { ...durable, ...pickBounds(spec), startFrom: directFrom });
    await nats.ensureDurable(describeDurable(durable, startFrom));
  }
  if (old.count === count) return;
  checkHeld();
  for (const durable of old.durables) await removeDurable(nats, stream, durable.name);
}

/** The durable as the engine would make it, too. */
export function describeDurable(
  spec: Pick<ConsumerSpec, 'name' | 'stream' | 'description' | 'filterSubject' | 'policy' | 'metadata'> & {
    partition?: ConsumerSpec['partition'];
  },
  startFrom: DurableSpec['startFrom'],
): DurableSpec {
  const { stream, description, filterSubject, policy, metadata } = spec;
  const { ack, ...bounds } = { ack: policy.ack, ...pickBounds(spec) };
  return { stream, name: nameDurable(spec), description, filterSubject, startFrom, ack, ...bounds, metadata };
}

function pickBounds({ policy }: Pick<ConsumerSpec, 'policy'>): Pick<DurableSpec, 'ackWaitMs' | 'maxAckPending'> {
  return { ackWaitMs: policy.ackWaitMs, maxAckPending: policy.maxAckPending };
}

/** What is left of a change that was cut off when it was all but over. Nobody uses it. */
export async function removeReplaced(
  nats: Nats,
  { stream }: Pick<ConsumerSpec, 'stream'>,
  { replaced }: PartitionLayout,
): Promise<void> {
  for (const durable of replaced) await removeDurable(nats, stream, durable);
}

/** That of CRM_DIRECT first: while the other is there, this is begun again. */
async function removeDurable(nats: Nats, stream: string, durable: string): Promise<void> {
  await nats.deleteDurable('CRM_DIRECT', durable);
  await nats.deleteDurable(stream, durable);
}

/** All begin at the same place, also where that is "now". */
async function chooseStart(
  nats: Nats,
  { stream, policy }: ConsumerSpec,
  old: readonly DurableState[],
): Promise<DurableSpec['startFrom']> {
  if (old.length > 0) return { sequence: lowestFloor(old) + 1 };
  const { startFrom } = policy;
  if (startFrom !== 'new' && startFrom !== 'snapshot') return startFrom;
  return { sequence: (await nats.streamState(stream)).lastSequence + 1 };
}

function lowestFloor(durables: readonly DurableState[]): number {
  return Math.min(...durables.map(({ ackFloorSequence }) => ackFloorSequence));
}
