import { MeshError, type Notification } from '@crm-mesh/contract';
import type { MappedRecord, SourceContext } from '@crm-mesh/sdk';
import type { Connection } from '../connections/connections.js';

/** What a connection's mapping makes of a record today. Throws as the source and the mapping do. */
export async function applyMapping(
  { source, context: own, adjust }: Connection,
  input: { notification: Notification; fetched: unknown },
  context: SourceContext = own,
): Promise<MappedRecord> {
  const said = await source.map(input, context);
  const mapped = (await adjust?.(said, input)) ?? said;
  const { entity, id } = input.notification;
  if (mapped.state !== 'present' || mapped.record.id === id) return mapped;
  throw new MeshError(
    'MESH_MAPPING_INVALID',
    `The mapping of ${source.name} gives ${entity} another id than the notification.`,
  );
}
