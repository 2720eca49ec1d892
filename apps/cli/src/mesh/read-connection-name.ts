import { MeshError } from '@crm-mesh/contract';

/** `acme/hubspot`. Throws MESH_USAGE. */
export function readConnectionName(name: string): { tenant: string; connection: string } {
  const [tenant, connection, ...rest] = name.split('/');
  if (tenant && connection && rest.length === 0) return { tenant, connection };
  const cure = 'Write it as tenant/connection; `mesh source status` shows them.';
  throw new MeshError('MESH_USAGE', `"${name}" names no connection.`, { cure });
}
