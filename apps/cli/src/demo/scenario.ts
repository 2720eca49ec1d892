import { MeshError } from '@crm-mesh/contract';

type RecordState = 'live' | 'archived' | 'erased' | 'merged';

/** What the sandbox says of the scenario that it has played: the truth that the mesh must agree with. */
export interface ScenarioResult {
  truth: {
    /** By HubSpot's object type: `contacts`, `companies`, `deals` … */
    records: Record<string, Record<RecordState, number>>;
    deals: { open: number; won: number; lost: number };
  };
  /** Webhook items. */
  webhooks: { made: number; duplicates: number; delivered: number; givenUp: number; failedRequests: number };
  receiverFailures: number;
  settled: boolean;
}

/** Answers when the scenario is over. */
export async function playScenario(sandboxUrl: string): Promise<ScenarioResult> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${sandboxUrl}/sandbox/scenario`, { method: 'POST', headers, body: '{}' });
  if (!response.ok)
    throw new MeshError('MESH_DEMO_FAILED', `The sandbox CRM answered ${response.status} to the scenario.`);
  return (await response.json()) as ScenarioResult;
}

/** What the system behind the notifier has got: accepted posts, each counted once. */
export async function countReceived(sandboxUrl: string): Promise<number> {
  const response = await fetch(`${sandboxUrl}/receiver`);
  if (!response.ok) throw new MeshError('MESH_DEMO_FAILED', `The sandbox's receiver answered ${response.status}.`);
  return ((await response.json()) as { distinct: number }).distinct;
}
