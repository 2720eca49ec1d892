import { MeshError } from '@crm-mesh/contract';
import type { Pair } from '@crm-mesh/control';
import { DraftPublisher } from '../../polling/draft-publisher.js';
import { Pressure } from '../../polling/pressure.js';
import { openCrmLeg } from '../crm/crm-leg.js';
import { collectCrmFacts } from '../facts/crm-facts.js';
import type { OpenedLeg } from '../run/leg.js';
import { nameSilent } from '../run/report.js';
import type { RunState } from '../run/run-state.js';
import type { LegDependencies } from './leg-dependencies.js';

/** A CRM against the ledger. */
export function openCrmPair(
  dependencies: LegDependencies,
  pair: Pair,
  { run, scope }: Pick<RunState, 'run' | 'scope'>,
): OpenedLeg {
  const { connections, webhooks, nats, log, now } = dependencies;
  const [tenant = '', name = ''] = pair.name.split('/');
  const connection = connections.find(tenant, name);
  if (!connection) throw new MeshError('MESH_CONNECTION_UNKNOWN', `There is no connection ${pair.name}.`);
  const entities = connection.source.scan?.entities(connection.context.config);
  if (!entities)
    throw new MeshError(
      'MESH_CONTROL_INVALID',
      `The source "${connection.source.name}" cannot go through all records.`,
    );
  const publisher = new DraftPublisher({ nats, log, now });
  const leg = openCrmLeg({ ...dependencies, pressure: new Pressure(nats), publisher });
  const only = scope.id === undefined ? {} : { ids: [scope.id] };
  const fields = scope.content ? ('records' as const) : ('versions' as const);
  return {
    upTo: 0,
    listUnits: () => Promise.resolve(entities.map((entity) => ({ tenant, connection: name, entity }))),
    compare: (unit) => leg.compare({ run, ...unit, ...only, fields }),
    collectFacts: (mismatches) => collectCrmFacts(dependencies, mismatches),
    repairer: leg.repairer,
    noteRepaired: (repaired) => {
      const { label } = nameSilent(pair);
      const current = connections.find(tenant, name);
      if (current) webhooks.noteFound(current, repaired.filter((one) => one.label === label).length);
    },
  };
}
