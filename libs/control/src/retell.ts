import type { RecordKey } from '@crm-mesh/contract';

/** `mesh.ctl.publisher.retell` */
export interface RetellAnswer {
  /** Records that are on their way through the normaliser again. */
  retold: number;
  /** Records of a source that reads none by id, whose signs are no longer in CRM_RAW. */
  untold: number;
  /** Absent: there are no more. */
  after?: Pick<RecordKey, 'entity' | 'id'>;
}
