import type { EventPattern, EventType, MeshEvent, ReconcileAnswer, ReconcileQuestion } from '@crm-mesh/contract';
import { isEvent } from '../is-event.js';
import type { Plugin, PluginLifecycleContext } from '../plugin.js';
import type { InjectionToken } from '../providers.js';
import {
  answerQuestion,
  checkDefinition,
  checkDelivery,
  describeProblems,
  expandPreset,
  openSink,
  refuseTransaction,
  runBatch,
  runPlugin,
  withProviders,
  type PartlyFailed,
  type Problem,
  type Sink,
  type SinkOfRun,
  type Verdict,
} from '../running/index.js';
import { buildTestEvent, type TestEventData, type TestEventOptions } from './build-test-event.js';
import { checkTestConfig } from './check-test-config.js';
import type { EventTypeOf } from './event-type-of.js';
import { openTestContext, type ProviderOverride } from './open-test-context.js';
import { recordLog, type LogLine } from './record-log.js';
import { isRepeated, runOnceAtMost, runTestBatch, type TestBatchItem, type TestSettlement } from './run-test-batch.js';

/** How a plugin is tested. */
export interface TestPluginOptions {
  /** `plugins.<name>` as mesh.yaml would have it; checked by the plugin's schema. */
  config?: unknown;
  /** Default: the plugin's own `delivery.maxAttempts`, else the host's default, 5. */
  maxAttempts?: number;
  /** Default: the plugin's own `delivery.timeoutMs`, else the host's default, 30,000. */
  timeoutMs?: number;
  /** Providers of the plugin's `imports` that are replaced: `{ provide: BillingService, useValue: fake }`. */
  providers?: readonly ProviderOverride[];
}

/** What a test may say of one event and its run. */
export interface SendOptions extends TestEventOptions {
  /** Abort it to see what the plugin does when the host stops. */
  signal?: AbortSignal;
}

/** What became of one event. */
export interface TestRun<T extends EventPattern = EventType> {
  /** How the last attempt ended. */
  outcome: Verdict['kind'];
  /** What became of it at last. */
  settled: TestSettlement;
  /** What the last attempt threw. */
  error?: unknown;
  /** What the handler returned as its receipt. */
  receipt?: unknown;
  /** Every attempt, oldest first; waits between them are left out. */
  attempts: Verdict[];
  /** What the plugin logged over this event. */
  logs: LogLine[];
  /** The event as the handler got it. */
  event: MeshEvent<T>;
}

/** A plugin under test. */
export interface PluginTest<P extends EventPattern> {
  /** Builds an event (see `buildTestEvent`) and handles it, repeating failed attempts as the host would. */
  send<T extends EventTypeOf<P>>(type: T, data?: TestEventData<T>, options?: SendOptions): Promise<TestRun<T>>;
  /** Handles an event that was built before, e.g. the same one twice. */
  sendEvent<T extends EventTypeOf<P>>(event: MeshEvent<T>, options?: Pick<SendOptions, 'signal'>): Promise<TestRun<T>>;
  /**
   * Handles events that were built before as one batch, for a plugin with `handleBatch`, and what failed of them again.
   * What became of each, in the order of the events.
   */
  sendBatch<T extends EventTypeOf<P>>(
    events: readonly MeshEvent<T>[],
    options?: Pick<SendOptions, 'signal'>,
  ): Promise<TestBatchItem<T>[]>;
  /** Asks the plugin's `reconcile` what lies downstream, as a reconciliation would. */
  ask<Q extends ReconcileQuestion>(question: Q): Promise<ReconcileAnswer<Q>>;
  /** Every line since the start, `setup` and `teardown` included. */
  readonly logs: readonly LogLine[];
  /** Runs `teardown`, if `setup` went well. */
  close(): Promise<void>;
}

/** The host's defaults; a test of the host holds them equal to the delivery engine's. */
export const TEST_DEFAULTS = { maxAttempts: 5, timeoutMs: 30_000 };

/**
 * Runs a plugin without a server: its definition and its configuration are checked as the host does, `setup` runs before
 * the first event, events are checked by their schema, and what the handler throws means the same as in the host.
 * Throws MESH_PLUGIN_INVALID for a definition, or options, that the host would refuse; `send` rejects with
 * MESH_CONFIG_INVALID for a wrong configuration, and with what `setup` throws.
 * @example
 * const run = await testPlugin(plugin, { config: { webhookUrl } }).send('deal.won', { name: 'Big one' });
 * expect(run.outcome).toBe('done');
 */
export function testPlugin<P extends EventPattern, C, I extends readonly InjectionToken[]>(
  plugin: Plugin<P, C, I>,
  options: TestPluginOptions = {},
): PluginTest<P> {
  const { maxAttempts, timeoutMs } = options;
  refuse(`The plugin "${plugin.name}"`, checkDefinition(plugin));
  refuse('testPlugin', checkDelivery({ maxAttempts, timeoutMs }, 'options'));
  const { providers = [] } = options;
  if (providers.length > 0 && !plugin.imports)
    throw new TypeError(`${plugin.name} has no imports: it has no providers`);
  const own = plugin as unknown as Plugin<P, C>;
  return new RunningTest(withProviders(own, `The plugin "${plugin.name}"`, openTestContext(providers)), options);
}

function refuse(place: string, problems: readonly Problem[]): void {
  if (problems.length > 0) throw describeProblems(place, problems);
}

class RunningTest<P extends EventPattern, C> implements PluginTest<P> {
  readonly logs: LogLine[] = [];
  private readonly versions = new Map<string, number>();
  private started: Promise<PluginLifecycleContext<C>> | undefined;
  private sink: Sink | undefined;
  private repairs = 0;

  constructor(
    private readonly plugin: Plugin<P, C>,
    private readonly options: TestPluginOptions,
  ) {}

  async send<T extends EventTypeOf<P>>(
    type: T,
    data: TestEventData<T> = {},
    options: SendOptions = {},
  ): Promise<TestRun<T>> {
    const { source, subject } = buildTestEvent(type, data, options);
    const record = `${source}/${subject}`;
    const version = options.version ?? (this.versions.get(record) ?? 0) + 1;
    this.versions.set(record, version);
    return this.sendEvent(buildTestEvent(type, data, { ...options, version }), options);
  }

  async sendEvent<T extends EventTypeOf<P>>(
    event: MeshEvent<T>,
    options: Pick<SendOptions, 'signal'> = {},
  ): Promise<TestRun<T>> {
    this.refuseForeign(event);
    const { config } = await this.begin();
    const firstLine = this.logs.length;
    const attempts: Verdict[] = [];
    let verdict: Verdict;
    do {
      verdict = await this.runOne(event as unknown as MeshEvent<P>, {
        ...this.describeRun(config, options.signal),
        attempt: attempts.length + 1,
      });
      attempts.push(verdict);
    } while (isRepeated(verdict) && attempts.length < this.maxAttempts);
    const ending = describe(verdict, this.isAtMostOnce);
    return { ...ending, attempts, logs: this.logs.slice(firstLine), event };
  }

  async sendBatch<T extends EventTypeOf<P>>(
    events: readonly MeshEvent<T>[],
    options: Pick<SendOptions, 'signal'> = {},
  ): Promise<TestBatchItem<T>[]> {
    if (!this.plugin.handleBatch)
      throw new TypeError(`${this.plugin.name} has no handleBatch: send its events one by one`);
    for (const event of events) this.refuseForeign(event);
    const { config } = await this.begin();
    return (this.isAtMostOnce ? runOnceAtMost : runTestBatch)(events, {
      maxAttempts: this.maxAttempts,
      run: (batch, attempt) =>
        this.runBatch(batch as unknown as MeshEvent<P>[], { ...this.describeRun(config, options.signal), attempt }),
    });
  }

  async ask<Q extends ReconcileQuestion>(question: Q): Promise<ReconcileAnswer<Q>> {
    const { config, log } = await this.begin();
    const signal = AbortSignal.timeout(this.options.timeoutMs ?? TEST_DEFAULTS.timeoutMs);
    const sink = this.sink ? { sink: this.sink.reader } : {};
    const context = { config, log, signal, injected: [], ...sink };
    return (await answerQuestion(this.plugin, question, context)) as ReconcileAnswer<Q>;
  }

  async close(): Promise<void> {
    // What setup has thrown was told by `send`; as in the host, what never began is not torn down.
    const context = await this.started?.catch(() => undefined);
    if (context) await this.plugin.teardown?.(context);
    await this.sink?.close();
  }

  private get maxAttempts(): number {
    const { maxAttempts = TEST_DEFAULTS.maxAttempts } = expandPreset(this.plugin.delivery);
    return this.isAtMostOnce ? 1 : (this.options.maxAttempts ?? maxAttempts);
  }

  private get isAtMostOnce(): boolean {
    return expandPreset(this.plugin.delivery).ack === 'none';
  }

  /** As from the host: what a reconciliation sends runs though its event is done. */
  private ownSinkFor(events: readonly MeshEvent<P>[]): SinkOfRun {
    const repairs = new Set(events.filter(({ origin }) => origin === 'repair').map(({ id }) => id));
    return { sink: this.sink, again: (id) => (repairs.has(id) ? `repair:${++this.repairs}` : undefined) };
  }

  private describeRun(config: C, signal = new AbortController().signal) {
    const { timeoutMs = TEST_DEFAULTS.timeoutMs } = expandPreset(this.plugin.delivery);
    return {
      ...{ config, signal, log: recordLog(this.logs), transaction: refuseTransaction, injected: [] },
      timeoutMs: this.options.timeoutMs ?? timeoutMs,
    };
  }

  private async runOne(
    event: MeshEvent<P>,
    run: ReturnType<typeof this.describeRun> & { attempt: number },
  ): Promise<Verdict> {
    if (!this.plugin.handleBatch)
      return runPlugin(
        this.plugin,
        event,
        { ...run, idempotencyKey: `${this.plugin.name}:${event.id}` },
        this.ownSinkFor([event]),
      );
    const verdict = await this.runBatch([event], run);
    if (verdict.kind !== 'partly') return verdict;
    return verdict.failed[0]?.verdict ?? { kind: 'done', skipped: true };
  }

  private runBatch(
    events: readonly MeshEvent<P>[],
    run: ReturnType<typeof this.describeRun> & { attempt: number },
  ): Promise<Verdict | PartlyFailed> {
    return runBatch(
      this.plugin,
      events,
      { ...run, idempotencyKey: ({ id }) => `${this.plugin.name}:${id}` },
      this.ownSinkFor(events),
    );
  }

  private begin(): Promise<PluginLifecycleContext<C>> {
    this.started ??= (async () => {
      const config = await checkTestConfig<C>(this.plugin.config, this.options.config, `plugins.${this.plugin.name}`);
      const sink = (this.sink = await openSink(this.plugin, config));
      const transaction = sink?.transaction ?? refuseTransaction;
      const context = { config, log: recordLog(this.logs), transaction, injected: [] };
      await this.plugin.setup?.(context);
      return context;
    })();
    return this.started;
  }

  private refuseForeign(event: MeshEvent<EventPattern>): void {
    if (this.plugin.events.some((pattern) => isEvent(event, pattern))) return;
    throw new TypeError(
      `${this.plugin.name} does not listen to ${event.type}: its events are ${this.plugin.events.join(', ')}`,
    );
  }
}

function describe(verdict: Verdict, isAtMostOnce: boolean): Pick<TestRun, 'outcome' | 'settled' | 'error' | 'receipt'> {
  if (verdict.kind === 'done') {
    return {
      outcome: 'done',
      settled: 'acked',
      ...(verdict.receipt === undefined ? {} : { receipt: verdict.receipt }),
    };
  }
  const lost = isAtMostOnce ? 'dropped' : undefined;
  if (verdict.kind === 'interrupted') return { outcome: 'interrupted', settled: lost ?? 'waiting' };
  const settled = lost ?? (verdict.kind === 'unavailable' ? 'waiting' : 'buried');
  return { outcome: verdict.kind, settled, error: verdict.error };
}
