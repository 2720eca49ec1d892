/** One of several durables that share the lanes of a consumer. */
export interface Partition {
  /** From 1. */
  index: number;
  count: number;
}

/** `billing`, or `billing_p2of4`: a name that no plugin can have, as theirs have no underscore. */
export function nameDurable({ name, partition }: { name: string; partition?: Partition | undefined }): string {
  return partition && partition.count > 1 ? `${name}_p${partition.index}of${partition.count}` : name;
}

/** The inverse of {@link nameDurable}; undefined for the durable of another consumer. */
export function readPartition(durable: string, name: string): Partition | undefined {
  if (durable === name) return { index: 1, count: 1 };
  const [, index, count] = /^_p(\d+)of(\d+)$/.exec(durable.startsWith(name) ? durable.slice(name.length) : '') ?? [];
  return index === undefined ? undefined : { index: Number(index), count: Number(count) };
}

export function listPartitions(count: number): Partition[] {
  return Array.from({ length: count }, (_, at) => ({ index: at + 1, count }));
}

/** The durables of all its partitions. */
export function nameDurables(name: string, count: number): string[] {
  return listPartitions(count).map((partition) => nameDurable({ name, partition }));
}

/** Whether the lane belongs here. */
export function ownsLane(partition: Partition | undefined, lane: string): boolean {
  return partition === undefined || choosePartition(lane, partition.count) === partition.index;
}

/** FNV-1a (32 bits) of the lane's UTF-8 bytes, modulo the count, plus 1. Never to be changed: it says where records are. */
export function choosePartition(lane: string, count: number): number {
  if (count === 1) return 1;
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(lane)) hash = Math.imul(hash ^ byte, 0x01000193);
  return ((hash >>> 0) % count) + 1;
}
