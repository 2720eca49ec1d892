import type { MeshErrorCode } from '@crm-mesh/contract';

/** `transient`: try again. `full`: the stream or the disk is full, later perhaps. `permanent`: this message never. */
export type RetryClass = 'transient' | 'full' | 'permanent';

interface PublishErrorDetails extends ErrorOptions {
  errorCode?: number;
  code?: MeshErrorCode;
}

/** Why a message is not in its stream; or, when `transient`, perhaps is: send it again under the same message id. */
export class PublishError extends Error {
  override readonly name = 'PublishError';
  /** The server's error code, when it gave one. */
  readonly errorCode: number | undefined;
  /** Set when the table of errors names a cure. */
  readonly code: MeshErrorCode | undefined;

  constructor(
    readonly retryClass: RetryClass,
    message: string,
    details?: PublishErrorDetails,
  ) {
    super(message, details);
    this.errorCode = details?.errorCode;
    this.code = details?.code;
  }
}

/** No room, on disk or within the stream's limits (`discard: new` refuses with 10077). */
const FULL: ReadonlySet<number> = new Set([10023, 10028, 10047, 10077]);

const PERMANENT: ReadonlySet<number> = new Set([
  10054, // over the stream's max_msg_size
  10060, // not the expected stream
  10070, // not the expected last message id
  10071, // not the expected last sequence
  10097, // headers over 64 KiB
  10109, // the stream is sealed
  10165, // a wrong TTL
  10166, // TTL not allowed
  10188, // 10188 to 10192: wrong schedules
  10189,
  10190,
  10191,
  10192,
]);

/** Unknown codes are transient: a message sent once too often is dropped by its id, one given up is lost. */
export function classifyPublishError(errorCode: number): RetryClass {
  if (FULL.has(errorCode)) return 'full';
  return PERMANENT.has(errorCode) ? 'permanent' : 'transient';
}
