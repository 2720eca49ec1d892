import { MeshError } from '@crm-mesh/contract';
import type { RecordState } from './fold-events.js';

/** What the sandbox says of the scenario that it has played: the truth that the mesh must agree with. */
export interface ScenarioResult {
  truth: {
    /** By HubSpot's object type: `contacts`, `companies`, `deals` … */
    records: Record<string, Record<RecordState, number>>;
    deals: { open: number; won: number; lost: number };
  };
  /** Webhook items. */
  webhooks: { made: number; dropped: number; duplicates: number; delivered: number; givenUp: number };
  receiverFailures: number;
}

const TIMEOUT_MS = 120_000;

/** Answers when the scenario is over. */
export async function playScenario(sandboxUrl: string): Promise<ScenarioResult> {
  const headers = { 'content-type': 'application/json' };
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const response = await fetch(`${sandboxUrl}/sandbox/scenario`, { method: 'POST', headers, body: '{}', signal });
  return (await readAnswer(response)) as ScenarioResult;
}

/** What the system behind the notifier has got: accepted posts, each counted once. */
export async function countReceived(sandboxUrl: string): Promise<number> {
  const response = await fetch(`${sandboxUrl}/receiver`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  return ((await readAnswer(response)) as { distinct: number }).distinct;
}

async function readAnswer(response: Response): Promise<unknown> {
  if (response.ok) return response.json();
  const what = `The sandbox CRM answered ${response.status} on ${new URL(response.url).pathname}.`;
  throw new MeshError('MESH_DEMO_FAILED', what);
}
