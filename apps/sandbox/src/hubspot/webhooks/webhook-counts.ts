/** What became of the webhooks since the start. */
export interface WebhookCounts {
  /** Items that the CRM's changes made. */
  made: number;
  /** Of these, the ones that were never sent. */
  dropped: number;
  /** Second copies. */
  duplicates: number;
  /** Items, duplicates included, of requests that were answered with 2xx. */
  delivered: number;
  /** Items of requests that were given up. */
  givenUp: number;
  /** Requests, retries included. */
  requests: number;
  failedRequests: number;
  /** Items that are still to be delivered. */
  pending: number;
}

/** Counts them, and shows each as a metric. */
export class WebhookCounter {
  readonly values: WebhookCounts = {
    made: 0,
    dropped: 0,
    duplicates: 0,
    delivered: 0,
    givenUp: 0,
    requests: 0,
    failedRequests: 0,
    pending: 0,
  };

  constructor(private readonly show: (name: keyof WebhookCounts, value: number) => void) {}

  add(name: keyof WebhookCounts, by: number): void {
    this.values[name] += by;
    this.show(name, this.values[name]);
  }
}
