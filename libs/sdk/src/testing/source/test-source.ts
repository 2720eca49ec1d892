import type { Source } from '../../source/define-source.js';
import { listMapChecks } from './check-map.js';
import { listReadChecks } from './check-reads.js';
import { listOtherChecks } from './check-rest.js';
import { listSplitChecks } from './check-split.js';
import { listVerifyChecks } from './check-verify.js';
import { listWriteChecks } from './check-write.js';
import { openSourceBench } from './source-bench.js';
import type { SourceCheck, SourceSamples } from './source-samples.js';

/**
 * What every source must do, as checks with names, for any test runner: each part that the source has is held to its
 * contract, with the samples and with what no CRM sends. No server of the mesh is needed.
 * @example
 * for (const { name, run } of testSource(source, samples)) it(name, run);
 */
export function testSource<C>(source: Source<C>, samples: SourceSamples): SourceCheck[] {
  const bench = openSourceBench(source as unknown as Source, samples);
  return [
    ...listOtherChecks(bench),
    ...listVerifyChecks(bench),
    ...listSplitChecks(bench),
    ...listMapChecks(bench),
    ...listReadChecks(bench),
    ...listWriteChecks(bench),
  ];
}
