import { describeConfig, ReconcileConfig } from '@crm-mesh/config';
import { MESH_ERRORS } from '@crm-mesh/contract';
import { DEFAULT_BATCH, DEFAULT_POLICY } from '@crm-mesh/delivery';
import type { DeliveryOptions, PluginDefinition, SourceDefinition } from '@crm-mesh/sdk';
import { ATTRIBUTION, LABELS, TREATMENTS, type Label } from '@crm-mesh/reconciliation';
import * as kit from '@crm-mesh/sdk/kit';
import { PRESETS } from '@crm-mesh/sdk/running';
import {
  AuthConfig,
  CloudEventsConfig,
  HmacConfig,
  HubspotConfig,
  JsonPollerConfig,
  MappingConfig,
  PagingConfig,
  PipedriveConfig,
  PolledEntity,
  SalesforceAuth,
  SalesforceConfig,
  SalesforceStream,
  StandardWebhooksConfig,
} from '@crm-mesh/sources';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../apps/cli/src/exit-code.js';
import type { Outcome } from '../../libs/delivery/src/outcome.js';
import { chooseIsolation } from '@crm-mesh/plugin-consumer';
import { decideSettlement, type Decision } from '../../libs/delivery/src/settlement.js';
import { describeStream, STREAM_NAMES, type StreamName } from '../../libs/jetstream/src/stream-specs.js';
import { listPackages, listSources, readManifest, readText } from '../house/repository.js';
import { bare, readTable } from './markdown.js';

const column = (file: string, title: string, heading?: string): string[] =>
  readTable(file, title, heading).map(([cell]) => bare(cell));

describe('docs/errors.md', () => {
  it('lists what the code does (else: node scripts/docs.mjs)', () => {
    const rows = Object.entries(MESH_ERRORS).map(([code, { meaning, cure }]) => [`\`${code}\``, meaning, cure]);
    expect(readTable('docs/errors.md', 'code')).toEqual(rows);
  });
});

describe('docs/configuration.md', () => {
  it('lists every key of mesh.yaml (else: node scripts/docs.mjs)', () => {
    const rows = describeConfig().map(({ path, type, default: usual, meaning }) => [
      `\`${path}\``,
      type,
      usual,
      meaning,
    ]);
    expect(readTable('docs/configuration.md', 'key')).toEqual(rows);
  });

  it('tells the ages that streams are made with', () => {
    const daysOf = (name: StreamName): number => describeStream(name).max_age / 86_400_000_000_000;
    const rows = readTable('docs/configuration.md', 'key').filter(([key]) => /streams\.\w+\.maxAge/.test(key ?? ''));
    expect(rows).toHaveLength(STREAM_NAMES.length);
    for (const [key, , usual = ''] of rows) {
      const told = usual.split(', ').flatMap((part): [string, number][] => {
        const [days, names] = part.split('d for ');
        return (names ?? '').split(' / ').map((name) => [name, Number(days)]);
      });
      const kept = STREAM_NAMES.filter((name) => daysOf(name) > 0).map((name) => [name, daysOf(name)]);
      expect([key, told.filter(([name]) => name !== '').toSorted()]).toEqual([key, kept.toSorted()]);
      expect(usual).toMatch(/, else 0$/);
    }
  });

  it('lists variables that the code reads', () => {
    const code = listSources({ specs: false }).map(readText).join('\n');
    const read = new Set([...code.matchAll(/\benv\['([A-Z_]+)'\]/g)].map((match) => match[1]));
    expect(column('docs/configuration.md', 'variable').filter((name) => !read.has(name))).toEqual([]);
  });
});

describe('docs/dependencies.md', () => {
  const namesOf = (...groups: (Record<string, string> | undefined)[]): string[] =>
    groups.flatMap((group) => Object.keys(group ?? {})).filter((name) => !name.startsWith('@crm-mesh/'));
  const manifests = ['.', 'bench', ...listPackages()].map(readManifest);
  const product = new Set(manifests.flatMap(({ dependencies }) => namesOf(dependencies)));
  const all = new Set(manifests.flatMap(({ dependencies, devDependencies }) => namesOf(dependencies, devDependencies)));

  it('has a line for each package of the product', () => {
    expect(column('docs/dependencies.md', 'package', 'In the product')).toEqual([...product].toSorted());
  });

  it('has a line for each package that only development needs', () => {
    const rest = [...all].filter((name) => !product.has(name)).toSorted();
    expect(column('docs/dependencies.md', 'package', 'For development')).toEqual(rest);
  });
});

describe('the settlement table', () => {
  const error = { name: 'Error', message: 'no' };
  const outcomes: Record<Outcome['kind'], Outcome> = {
    done: { kind: 'done' },
    'retry-later': { kind: 'retry-later', delayMs: 700, error },
    failed: { kind: 'failed', error },
    timeout: { kind: 'timeout', error },
    unavailable: { kind: 'unavailable', error },
    permanent: { kind: 'permanent', error },
    killed: { kind: 'killed', blame: 'shared', error },
    interrupted: { kind: 'interrupted' },
  };
  const decide = (kind: Outcome['kind'], attempt: number): Decision =>
    decideSettlement(outcomes[kind], attempt, { ...DEFAULT_POLICY, maxAttempts: 3 }, 0.5);

  it('of docs/delivery.md is the code’s', () => {
    const word = (decision: Decision): string =>
      decision.kind === 'retry' ? `retry, ${decision.spent ? '' : 'no '}attempt spent` : decision.kind;
    const rows = (Object.keys(outcomes) as Outcome['kind'][]).map((kind) => [
      kind,
      word(decide(kind, 1)),
      word(decide(kind, 3)),
    ]);
    expect(readTable('docs/delivery.md', 'outcome')).toEqual(rows);
  });

  it('of docs/write-a-plugin.md says the same in an author’s words', () => {
    const kinds: Record<string, Outcome['kind']> = {
      returns: 'done',
      'throws `RetryLater(ms)`': 'retry-later',
      'throws anything else': 'failed',
      'takes longer than `timeoutMs`': 'timeout',
      'throws `Unavailable`': 'unavailable',
      'throws `PermanentError`': 'permanent',
      'is running when its worker ends': 'killed',
      'is interrupted by a stop of the host': 'interrupted',
    };
    const again = (delayMs: number, spent: boolean): string =>
      !spent ? ', no attempt spent' : delayMs === 700 ? ' after `ms`' : ' after the backoff';
    const word = (decision: Decision): string => {
      if (decision.kind === 'retry') return `again${again(decision.delayMs, decision.spent)}`;
      return { ack: 'done', bury: 'buried', drop: 'dropped', return: 'given back to the server' }[decision.kind];
    };
    const rows = Object.entries(kinds).map(([text, kind]) => [text, word(decide(kind, 1)), word(decide(kind, 3))]);
    expect(readTable('docs/write-a-plugin.md', 'the handler')).toEqual(rows);
    expect(Object.values(kinds).toSorted()).toEqual(Object.keys(outcomes).toSorted());
  });
});

describe('docs/write-a-plugin.md', () => {
  it('lists every field of definePlugin', () => {
    const fields: Record<keyof PluginDefinition, true> = {
      name: true,
      description: true,
      events: true,
      reads: true,
      schemas: true,
      config: true,
      delivery: true,
      imports: true,
      inject: true,
      sink: true,
      key: true,
      setup: true,
      handle: true,
      handleBatch: true,
      reconcile: true,
      teardown: true,
    };
    expect(column('docs/write-a-plugin.md', 'field')).toEqual(Object.keys(fields));
  });

  it('lists every delivery option with its default', () => {
    const { backoff, ...usual } = DEFAULT_POLICY;
    const defaults: Record<keyof DeliveryOptions, string> = {
      preset: 'queue',
      ack: usual.ack,
      batch: `${DEFAULT_BATCH.size}, ${DEFAULT_BATCH.waitMs}`,
      concurrency: String(usual.concurrency),
      timeoutMs: String(usual.timeoutMs),
      maxAttempts: String(usual.maxAttempts),
      backoff: `${backoff.initialMs}, ${backoff.maxMs}, ${backoff.factor}`,
      maxAckPending: String(usual.maxAckPending),
      startFrom: String(usual.startFrom),
      order: usual.order,
      partitions: String(usual.partitions),
      coalesce: String(usual.coalesceAfterEvents > 0),
      idempotency: usual.idempotency,
      isolation: chooseIsolation().isolation,
      heapMb: String(chooseIsolation().heapMb),
      rateLimit: usual.rateLimit ? 'some' : '',
      each: usual.each ? 'some' : '',
      skipOrigins: usual.skipOrigins ? 'some' : '',
    };
    const rows = readTable('docs/write-a-plugin.md', 'option').map(([name, value]) => [bare(name), value]);
    expect(rows).toEqual(Object.entries(defaults));
  });
});

describe('docs/reconciliation.md', () => {
  it('lists every label, and what becomes of it', () => {
    const rows = Object.entries(LABELS).map(([label, meaning]) => [
      `\`${label}\``,
      meaning,
      TREATMENTS[label as Label],
    ]);
    expect(readTable('docs/reconciliation.md', 'label')).toEqual(rows);
  });

  it('lists the rules of attribution, in their order', () => {
    const rows = ATTRIBUTION.map(({ leg, kinds, when, label }) => [leg, kinds.join(', '), when, `\`${label}\``]);
    expect(readTable('docs/reconciliation.md', 'leg')).toEqual(rows);
  });

  it('tells the budget that a run has', () => {
    const rows = readTable('docs/reconciliation.md', 'option').map(([name, value = '']) => [
      bare(name),
      Number(value.replaceAll(',', '')),
    ]);
    const { maxRepairs, maxCalls, maxPercent } = new ReconcileConfig();
    expect(rows).toEqual([
      ['--max-repairs', maxRepairs],
      ['--max-calls', maxCalls],
      ['--max-percent', maxPercent],
    ]);
  });
});

describe('docs/write-a-source.md', () => {
  it('lists every part of a source, in the order of the type', () => {
    const parts: Record<keyof SourceDefinition, true> = {
      name: true,
      config: true,
      coalesceMs: true,
      mediaTypes: true,
      verify: true,
      provesSender: true,
      handshake: true,
      split: true,
      reply: true,
      api: true,
      fetch: true,
      fetchBatchSize: true,
      poll: true,
      scan: true,
      subscribe: true,
      write: true,
      describe: true,
      reads: true,
      hypotheses: true,
      map: true,
    };
    expect(column('docs/write-a-source.md', 'part')).toEqual(Object.keys(parts));
  });

  it('lists every function of the kit', () => {
    const functions = Object.entries(kit).flatMap(([name, value]) => (typeof value === 'function' ? [name] : []));
    expect(column('docs/write-a-source.md', 'function').toSorted()).toEqual(functions.toSorted());
  });
});

describe('the presets of docs/write-a-plugin.md', () => {
  it('are those of the code, and the queue is the default', () => {
    expect(column('docs/write-a-plugin.md', 'preset')).toEqual(Object.keys(PRESETS));
    expect(DEFAULT_POLICY).toMatchObject(PRESETS.queue);
  });
});

describe('the settings of sources', () => {
  it.each([
    ['docs/connect-hubspot.md', '2. The connection', HubspotConfig],
    ['docs/connect-pipedrive.md', '2. The connection', PipedriveConfig],
    ['docs/connect-salesforce.md', '2. The connection', SalesforceConfig],
    ['docs/connect-salesforce.md', 'How it logs in', SalesforceAuth],
    ['docs/connect-salesforce.md', 'The stream', SalesforceStream],
    ['docs/connect-cloudevents.md', 'CloudEvents', CloudEventsConfig],
    ['docs/connect-cloudevents.md', 'Standard Webhooks', StandardWebhooksConfig],
    ['docs/connect-cloudevents.md', 'Mapping', MappingConfig],
    ['docs/connect-generic.md', 'HMAC', HmacConfig],
    ['docs/connect-generic.md', 'JSON poller', JsonPollerConfig],
    ['docs/connect-generic.md', 'Entities', PolledEntity],
    ['docs/connect-generic.md', 'Paging', PagingConfig],
    ['docs/connect-generic.md', 'Credentials', AuthConfig],
  ])('in %s under %s are those of the class, with its defaults', (file, heading, type) => {
    const settings = new type() as unknown as Record<string, unknown>;
    const rows = readTable(file, 'key', heading);
    expect(rows.map(([name]) => bare(name)).toSorted()).toEqual(Object.keys(settings).toSorted());
    for (const [name, usual] of rows) {
      const value = settings[bare(name)];
      if (['string', 'number', 'boolean'].includes(typeof value)) expect([name, usual]).toEqual([name, String(value)]);
    }
  });
});

describe('docs/operations.md', () => {
  const ages = (maxAge: number): string => (maxAge === 0 ? 'no limit' : `${maxAge / 86_400_000_000_000} days`);

  it('lists the streams as they are made', () => {
    const rows = STREAM_NAMES.map((name) => {
      const { subjects, discard, max_age: maxAge } = describeStream(name);
      return [name, subjects.length === 1 ? subjects[0] : '$JS.EVENT.ADVISORY.CONSUMER.…', discard, ages(maxAge)];
    });
    expect(readTable('docs/operations.md', 'stream').map((row) => row.slice(0, 4).map(bare))).toEqual(rows);
  });

  it('lists the metrics that the code makes', () => {
    const code = listSources({ specs: false }).map(readText).join('\n');
    const made = new Set(
      [...code.matchAll(/\.(?:counter|gauge|histogram|observe)\(\s*'(mesh_\w+)'/g)].map((match) => match[1]),
    );
    expect(column('docs/operations.md', 'metric').toSorted()).toEqual([...made].toSorted());
  });

  it('lists the exit codes', () => {
    expect(column('docs/operations.md', 'exit code').map(Number)).toEqual(Object.values(EXIT));
  });
});
