import { MeshError } from '@crm-mesh/contract';
import type { StreamInfo } from '@nats-io/jetstream';
import { apiErrorCode, askJetStream, isMissing } from './ask-jetstream.js';
import type { Link } from './link.js';
import { linkOf, type Nats } from './nats.js';
import {
  describeStream,
  STREAM_NAMES,
  type StreamName,
  type StreamOptions,
  type WantedStream,
} from './stream-specs.js';

/** Somebody else created it in the same moment, with other settings. */
const NAME_IN_USE = 10058;

export type StreamsOptions = Partial<Record<StreamName, StreamOptions>>;

/** A setting that an operator, or an older release, made different. Never put right by us. */
export interface StreamDrift {
  stream: StreamName;
  /** As in the server's configuration; `(stream)` when it is missing. */
  field: string;
  expected: string;
  actual: string;
}

/** Creates the streams of design §4 that are missing; never changes one. Returns those created. */
export async function ensureStreams(nats: Nats, options: StreamsOptions = {}): Promise<StreamName[]> {
  const link = linkOf(nats);
  const created: StreamName[] = [];
  for (const name of STREAM_NAMES) {
    if ((await findStream(link, name)) !== undefined) continue;
    if (await createStream(link, describeStream(name, options[name]))) created.push(name);
  }
  if (created.length > 0) link.log.info({ streams: created }, 'streams created');
  return created;
}

/** What differs from what {@link ensureStreams} would create. */
export async function reportStreamDrift(nats: Nats, options: StreamsOptions = {}): Promise<StreamDrift[]> {
  const link = linkOf(nats);
  const drift: StreamDrift[] = [];
  for (const name of STREAM_NAMES) {
    const found = await findStream(link, name);
    if (found === undefined) drift.push({ stream: name, field: '(stream)', expected: 'present', actual: 'missing' });
    else drift.push(...compareStream(describeStream(name, options[name]), found));
  }
  return drift;
}

/** Never "create to see whether it exists": older servers lost state over that. */
async function findStream(link: Link, name: StreamName): Promise<StreamInfo | undefined> {
  try {
    return await askJetStream(link, `stream ${name}`, () => link.jsm.streams.info(name));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function createStream(link: Link, wanted: WantedStream): Promise<boolean> {
  const { name } = wanted;
  try {
    await askJetStream(link, `create stream ${name}`, () => link.jsm.streams.add({ ...wanted }));
    return true;
  } catch (error) {
    if (apiErrorCode(error) === NAME_IN_USE) return false;
    if (apiErrorCode(error) === undefined || !(error instanceof MeshError)) throw error;
    const what = `Stream ${name} with subjects ${wanted.subjects.join(', ')} cannot be created: ${error.what}`;
    throw new MeshError('MESH_STREAM_REFUSED', what, { cause: error.cause });
  }
}

function compareStream(wanted: WantedStream, { config }: StreamInfo): StreamDrift[] {
  const stream = wanted.name as StreamName;
  const drift: StreamDrift[] = [];
  for (const [field, value] of Object.entries(wanted)) {
    const expected = writeSetting(value);
    const actual = writeSetting(config[field as keyof WantedStream]);
    if (expected !== actual) drift.push({ stream, field, expected, actual });
  }
  return drift;
}

function writeSetting(value: unknown): string {
  return Array.isArray(value) ? value.map(String).toSorted().join(', ') : String(value);
}
