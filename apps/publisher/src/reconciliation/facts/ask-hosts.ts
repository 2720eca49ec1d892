import type { PluginDelivery, Whereabouts } from '@crm-mesh/control';
import { requestEvery, type Nats } from '@crm-mesh/jetstream';

/** What all hosts know of records of one plugin. */
export interface HostsAnswer {
  delivery: PluginDelivery;
  /** As `formatRecordKey` writes them. */
  parked: ReadonlySet<string>;
  /** Sequences in CRM_EVENTS of messages with a receipt. */
  receipts: ReadonlySet<number>;
  /** Ids of events. */
  done: ReadonlySet<string>;
}

const TIMEOUT_MS = 5_000;

/** Of a consumer that no host runs (a Nest application, another language) nobody knows such things. */
export async function askHosts(
  nats: Nats,
  question: { consumer: string; records: readonly { record: string; eventId?: string }[] },
): Promise<HostsAnswer> {
  const answers = await requestEvery<Whereabouts>(nats, 'host', 'whereabouts', question, { timeoutMs: TIMEOUT_MS });
  const receipts = answers.flatMap((answer) => answer.receipts).filter(({ stream }) => stream === 'CRM_EVENTS');
  return {
    delivery: answers.find(({ delivery }) => delivery)?.delivery ?? { skipOrigins: [], startsWithSnapshot: false },
    parked: new Set(answers.flatMap(({ parked }) => parked)),
    receipts: new Set(receipts.map(({ sequence }) => sequence)),
    done: new Set(answers.flatMap(({ done }) => done)),
  };
}
