import { IsBoolean, IsIn, IsInt, Max, Min } from 'class-validator';
import { Rate, TimeMs } from './knob-rules.js';

/** What can be turned while the sandbox runs: `PUT /sandbox/salesforce/knobs`. Rates are from 0 to 1. */
export class SalesforceKnobs {
  /** Every answer of the API waits this long. */
  @TimeMs()
  apiDelayMs: number = 0;

  /** So many requests to the API are answered with `apiFailStatus` from now on. */
  @IsInt()
  @Min(0)
  apiFailNext: number = 0;

  /** Requests to the API that are answered with `apiFailStatus`. */
  @Rate()
  apiFailRate: number = 0;

  @IsIn([500, 502, 503])
  apiFailStatus: number = 503;

  /** So many requests are answered as those over the limit from now on. */
  @IsInt()
  @Min(0)
  limitNext: number = 0;

  /** 403 REQUEST_LIMIT_EXCEEDED is that of the day; 429 comes from what stands before the API. */
  @IsIn([403, 429])
  limitStatus: number = 403;

  /** Rows of one page of a query; the header `Sforce-Query-Options` may ask for less. */
  @IsInt()
  @Min(1)
  @Max(2_000)
  pageSize: number = 2_000;

  /** Ids that `/updated` and `/deleted` give at most; more is an error. */
  @IsInt()
  @Min(1)
  idLimit: number = 600_000;

  /** Replication ignores what is finer: Salesforce does not look at seconds. */
  @IsInt()
  @Min(1)
  @Max(3_600_000)
  replicationStepMs: number = 60_000;

  /** Records of a composite write that are answered with UNABLE_TO_LOCK_ROW, and not written. */
  @Rate()
  lockRate: number = 0;

  /** The CRM's clock is wrong by so much: every time that it shows. */
  @IsInt()
  clockSkewMs: number = 0;

  /** Changes of long transactions: for `lateMs` no query finds them, and then with their old stamp. */
  @Rate()
  lateRate: number = 0;

  @TimeMs()
  lateMs: number = 0;

  /** Change events wait this long. */
  @TimeMs()
  eventDelayMs: number = 0;

  /** How long change events are gathered before they are put in the stream, so that disorder has something to shuffle. */
  @TimeMs()
  eventGatherMs: number = 0;

  /** How far change events are shuffled among what was gathered. */
  @Rate()
  eventDisorder: number = 0;

  /** Change events that come a second time: the same `id` under another replay id. */
  @Rate()
  eventDuplicateRate: number = 0;

  /** Change events that never come. */
  @Rate()
  eventDropRate: number = 0;

  /** Change events that come as GAP_*: without any field. */
  @Rate()
  gapRate: number = 0;

  /** A transaction with more changes than this overflows: one event for each object says so, and no more. */
  @IsInt()
  @Min(0)
  overflowAt: number = 100_000;

  /** Without an event an empty answer comes after so long. */
  @IsInt()
  @Min(10)
  @Max(270_000)
  keepAliveMs: number = 60_000;

  /** So many calls of Subscribe end with UNAVAILABLE from now on. */
  @IsInt()
  @Min(0)
  streamFailNext: number = 0;

  /** Outbound messages wait in the sandbox. */
  @IsBoolean()
  outboundPaused: boolean = false;

  /** How long notifications are gathered into a message of up to 100. */
  @TimeMs()
  outboundWaitMs: number = 100;

  /** The first pause before a message that was not acknowledged is sent again; each is twice as long, up to two hours. */
  @IsInt()
  @Min(1)
  @Max(7_200_000)
  outboundRetryMs: number = 500;

  /** A message that is not answered for so long has failed; Salesforce's own limit. */
  @IsInt()
  @Min(1)
  @Max(60_000)
  outboundTimeoutMs: number = 60_000;

  /** Messages that are sent a second time though they were acknowledged. */
  @Rate()
  outboundDuplicateRate: number = 0;

  /** Notifications that are never sent. */
  @Rate()
  outboundDropRate: number = 0;

  /** How far notifications are shuffled. */
  @Rate()
  outboundDisorder: number = 0;
}
