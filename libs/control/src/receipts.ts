/** What a handler gave back for one event: one of `mesh.ctl.host.receipts`. */
export interface ToldReceipt {
  /** `acme/hubspot/deal/4711` */
  record: string;
  /** `deal.won` */
  type: string;
  stream: string;
  sequence: number;
  at: string;
  receipt: unknown;
}
