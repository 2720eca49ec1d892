import { reconcileSubject } from '@crm-mesh/contract';
import type { Nats } from '@crm-mesh/jetstream';
import type { Connections } from '../connections/connections.js';
import { mapSome } from './facts/map-some.js';

const TIMEOUT_MS = 5_000;

/** All that can be compared, by name: connections first. */
export async function listPairs(nats: Nats, connections: Connections): Promise<string[]> {
  const scanned = connections.all.filter(({ source }) => source.scan).map(({ tenant, name }) => `${tenant}/${name}`);
  const durables = await nats.listDurables('CRM_EVENTS');
  const names = [...new Set(durables.map(({ name, metadata }) => metadata?.['plugin'] ?? name))];
  const answering = await mapSome(names, async (name) => ((await doesAnswer(nats, name)) ? [name] : []));
  return [...scanned.toSorted(), ...answering.flat().toSorted()];
}

/** Who has no `reconcile` hook does not listen there. */
async function doesAnswer(nats: Nats, consumer: string): Promise<boolean> {
  const question = JSON.stringify({ ask: 'holdings' });
  return nats.request(reconcileSubject(consumer), question, { timeoutMs: TIMEOUT_MS }).then(
    () => true,
    () => false,
  );
}
