import type { ApiClient } from '../../source/api.js';
import type { ScanRequest } from '../../source/poll.js';
import type { MappedRecord, NotificationDraft } from '../../source/record.js';

/** A webhook request as it was recorded. */
export interface SampleRequest {
  /** Default `POST`. */
  method?: string;
  /** Path and query; default that of `publicUrl`. */
  url?: string;
  /** Names in lower case. Default: JSON as the content type. */
  headers?: Readonly<Record<string, string>>;
  /** Byte by byte. */
  body: string | Uint8Array;
}

/** What one request, record or page is expected to come to. */
export interface ExpectedNotification {
  /** Those fields of the draft that matter to the test. */
  draft: Partial<NotificationDraft>;
  /** The CRM's object, for a source with `fetch` whose draft does not carry it; absent: it is not there any more. */
  fetched?: unknown;
  /** What `map` gives, whole; left out: not compared. */
  mapped?: MappedRecord;
}

/** A request, and what is read out of it. */
export interface RequestSample {
  /** For the check's name. */
  name: string;
  /** What the CRM sent; it need not be signed. */
  request: SampleRequest;
  /** All of them, in order; none: the source leaves out what it says. */
  notifications: readonly ExpectedNotification[];
}

/** A request, and whether it is proved. */
export interface SignatureSample {
  /** For the check's name. */
  name: string;
  /** As it came. */
  request: SampleRequest;
  /** What is decided. */
  expect: 'accept' | 'reject';
  /** By the clock of the receiver; default that of the samples. */
  nowMs?: number;
  /** Default that of the samples. */
  publicUrl?: string;
  /** Settings that differ from those of the samples. */
  config?: object;
}

/** A record as `map` gets it. */
export interface RecordSample extends ExpectedNotification {
  /** For the check's name. */
  name: string;
  /** Whole, as `map` may read all of it. */
  draft: NotificationDraft;
}

/** What a poll or scan must find. */
export interface WalkSample {
  /** Which part of the source is asked. */
  of: 'poll' | 'scan';
  /** Which entity. */
  entity: string;
  /** The window of a poll, both edges included. */
  fromMs?: number;
  /** Its end. */
  toMs?: number;
  /** Of a scan; default `records`. */
  fields?: ScanRequest['fields'];
  /** The records that are to come, in any order; each at least once. */
  ids: readonly string[];
  /** How long the test's server makes its pages; each is tried. */
  pageSizes?: readonly number[];
  /** Told before each of them. */
  usePageSize?(size: number): void;
}

/** What is asked of `fetch`. */
export interface FetchSample {
  /** Which entity. */
  entity: string;
  /** Ids that the test's server knows. */
  ids: readonly string[];
  /** Ids that it does not know. */
  unknownIds: readonly string[];
}

/** What `write` is tried with: it is made, changed, and deleted again. */
export interface WriteSample {
  /** Which entity. */
  entity: string;
  /** Canonical fields of the new record; `fetch` and `map` must tell them. */
  record: Readonly<Record<string, unknown>>;
  /** Canonical fields to change; `null` empties one. */
  change: Readonly<Record<string, unknown>>;
}

/** What a source is tested by. A part of the source without samples fails its check: nothing would be known of it. */
export interface SourceSamples {
  /** `connections[].config` as mesh.yaml would have it. */
  config: unknown;
  /** When the samples were sent; epoch milliseconds. */
  nowMs: number;
  /** Default `https://mesh.example.net/webhooks/acme/crm`. */
  publicUrl?: string;
  /** Default: what {@link openTestApi} makes of the source's `api`. */
  api?: ApiClient;
  /** For `split` and `map`. */
  requests?: readonly RequestSample[];
  /** For `verify`. */
  signatures?: readonly SignatureSample[];
  /**
   * What the CRM's proof covers; default both. A Bearer token covers neither. `by: 'body'`: what it shows stands in the
   * body alone, and neither in a header nor in the address.
   */
  proves?: { body: boolean; time: boolean; by?: 'body' };
  /** For `map`, besides those of the requests. */
  records?: readonly RecordSample[];
  /** For `fetch`. */
  fetches?: readonly FetchSample[];
  /** For `poll` and `scan`. */
  walks?: readonly WalkSample[];
  /** For `write`: the test's server is written to. */
  writes?: readonly WriteSample[];
}

/** One thing that a source must do. */
export interface SourceCheck {
  /** What it must do, e.g. `verify: refuses every flipped bit of the body`. */
  name: string;
  /** Rejects with what is wrong. */
  run(): Promise<void>;
}
