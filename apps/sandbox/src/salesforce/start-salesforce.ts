import type { SalesforceKnobs } from './knobs.js';
import type { SalesforceOrg, SalesforceState } from './org.js';
import type { OutboundAction } from './outbound/outbound-sender.js';
import type { ChangeDraft } from './cdc/change-event.js';
import type { FieldType } from './schema/field.js';

/** The Salesforce face as it runs. */
export interface RunningSalesforce {
  /** `instance_url`, and where tokens are had. */
  url: string;
  /** `host:port` of the Pub/Sub API. */
  pubsubUrl: string;
  clientId: string;
  clientSecret: string;
  accessToken: string;
  refreshToken: string;
  organizationId: string;
  turnKnobs(turned: Partial<SalesforceKnobs>): SalesforceKnobs;
  /** Every token so far is refused from now on. */
  expireTokens(): void;
  /** The 18-character id of the core's record. */
  idOf: SalesforceOrg['records']['showId'];
  /** What is done inside is one transaction. */
  runTransaction<T>(act: () => T): T;
  /** An admin's work: the schema of the object changes. */
  addField(object: string, name: string, type?: FieldType): void;
  removeField(object: string, name: string): void;
  /** Header only, as `GAP_UPDATE` or `GAP_OVERFLOW`. */
  tellGap(draft: Pick<ChangeDraft, 'entityName' | 'changeType' | 'recordIds'>): void;
  /** Outbound messages of an object: to whom, and with which fields. */
  setOutboundAction(action: OutboundAction): void;
  /** Resolves when every notification was acknowledged or given up. */
  whenOutboundSettled(): Promise<void>;
  readState(): SalesforceState;
  /** Every follower is cut off. */
  dropStreams(): void;
  /** As after a refresh of the org: no replay id is known any more, and no event kept. */
  forgetEvents(): void;
  /** What was deleted until now is told by no `/deleted` any more. */
  trimDeleteLog(): void;
}

export async function startSalesforce(
  org: SalesforceOrg,
  at: { url: string; host: string | undefined },
): Promise<RunningSalesforce> {
  org.instanceUrl = at.url;
  const { port = 0, tls } = org.settings.pubsub ?? {};
  const pubsubUrl = await org.pubsub.listen({ host: at.host ?? '127.0.0.1', port, tls });
  const { clientId, clientSecret, accessToken, refreshToken, organizationId } = org.settings;
  return {
    url: at.url,
    pubsubUrl,
    clientId,
    clientSecret,
    accessToken,
    refreshToken,
    organizationId,
    turnKnobs: (turned) => org.turnKnobs(turned),
    expireTokens: () => org.sessions.expireAll(),
    idOf: (type, id) => org.records.showId(type, id),
    runTransaction: (act) => org.capture.runTransaction(act),
    addField: (object, name, type) => org.book.addField(object, name, type),
    removeField: (object, name) => org.book.removeField(object, name),
    tellGap: (draft) => org.capture.tellGap(draft),
    setOutboundAction: (action) => org.outbound.setAction(action),
    whenOutboundSettled: () => org.outbound.whenSettled(),
    readState: () => org.readState(),
    dropStreams: () => org.pubsub.dropStreams(),
    forgetEvents: () => org.stream.forget(),
    trimDeleteLog: () => org.deleteLog.trim(org.now()),
  };
}
