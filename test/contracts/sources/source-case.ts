import type { Source } from '@crm-mesh/sdk';
import type { SignatureSample, SourceSamples } from '@crm-mesh/sdk/testing';
import { readSampleJson } from '../../../libs/sources/test/context.js';

/** One source with its samples: each file of this folder but this one exports `open`. */
export interface SourceCase {
  source: Source;
  samples: SourceSamples;
  /** Ends the case's server, if it has one. */
  close?(): Promise<void>;
}

/** As `samples/<vendor>/signature-vectors.json` has them. */
interface Vector {
  name: string;
  secret?: string;
  secrets?: string[];
  method: string;
  url: string;
  headers: Record<string, string>;
  bodyBase64: string;
  nowSeconds?: number;
  nowMs?: number;
  expect: 'accept' | 'reject';
  version?: string;
}

/** `config` says which settings hold the secrets. */
export function readVectors(vendor: string, config: (secrets: string[], vector: Vector) => object): SignatureSample[] {
  const { vectors } = readSampleJson<{ vectors: Vector[] }>(`${vendor}/signature-vectors.json`);
  return vectors.map((vector) => {
    const { name, method, headers, secret, secrets = [secret ?? ''] } = vector;
    const url = new URL(vector.url);
    return {
      name,
      request: { method, url: url.pathname + url.search, headers, body: Buffer.from(vector.bodyBase64, 'base64') },
      nowMs: vector.nowMs ?? (vector.nowSeconds ?? 0) * 1_000,
      publicUrl: url.origin + url.pathname,
      config: config(secrets, vector),
      expect: vector.expect,
    };
  });
}
