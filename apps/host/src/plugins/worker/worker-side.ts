import type { MessagePort } from 'node:worker_threads';
import { MeshError } from '@crm-mesh/contract';
import type { HandlerItem, HandlerRun } from '@crm-mesh/delivery';
import { describeError } from '@crm-mesh/delivery/outcome';
import { importPlugin } from '@crm-mesh/drop-ins/importing';
import { PluginLife, summarise } from '@crm-mesh/plugin-consumer/in-place';
import type { Plugin } from '@crm-mesh/sdk';
import { withProviders } from '@crm-mesh/sdk/running';
import { packForHost, unpackRuns, type Delivered } from './parcel.js';
import type { Answers, FromWorker, Refusal, Request, RunInput, WorkerFacts } from './protocol.js';
import { TurnBatch } from './turn-batch.js';
import { WorkerLog } from './worker-log.js';

/** Does what the host asks for, until the worker ends. */
export function serveHost(port: MessagePort, facts: WorkerFacts): WorkerSide {
  return new WorkerSide(port, facts);
}

type ReadLane = typeof import('@crm-mesh/plugin-consumer/reading').readLane;

/** A plugin in its worker. */
class WorkerSide {
  readonly #outbox: TurnBatch<FromWorker>;
  readonly #log: WorkerLog;
  readonly #runs = new Map<number, WorkerRun>();
  #plugin: Plugin | undefined;
  #life: PluginLife | undefined;
  /** From the first question on: it loads what checks events. */
  #readLane: ReadLane | undefined;

  constructor(
    port: MessagePort,
    private readonly facts: WorkerFacts,
  ) {
    this.#outbox = new TurnBatch((messages) => port.postMessage(packForHost(messages)));
    this.#log = new WorkerLog({ level: facts.logLevel, send: (line) => this.#outbox.add(line) });
    port.on('message', (parcel: Delivered) => {
      for (const { id, input } of unpackRuns(parcel)) void this.#run(id, input);
      for (const message of parcel.others) this.#take(message);
    });
    // What has ended in the turn that ends the worker has ended.
    process.on('exit', () => this.#outbox.flush());
    process.on('unhandledRejection', (reason) => {
      const err = reason instanceof Error ? reason : new Error(String(reason));
      const cure = `Await every promise in "${facts.dropIn.name}", or catch what it rejects with.`;
      this.#log.error({ err, cure }, 'a promise was rejected and nobody handled it');
    });
  }

  #take(message: Delivered['others'][number]): void {
    switch (message.kind) {
      case 'abort':
        return this.#runs.get(message.id)?.abort(message.reason);
      case 'lane':
        return void this.#answerLane(message.id, message.item);
      case 'ping':
        return this.#outbox.add({ kind: 'pong' });
      case 'request':
        return void this.#answer(message.id, message);
    }
  }

  async #answer(id: number, request: Request): Promise<void> {
    try {
      this.#outbox.add({ kind: 'answer', id, answer: await this.#carryOut(request) });
    } catch (error) {
      const refusal = error instanceof MeshError ? { refusal: describeRefusal(error) } : {};
      this.#outbox.add({ kind: 'failure', id, error: describeError(error), ...refusal });
    }
  }

  async #carryOut(request: Request): Promise<Answers[keyof Answers]> {
    switch (request.step) {
      case 'load':
        return this.#load();
      case 'configure':
        return this.#configure(request.values);
      case 'setup':
      case 'teardown':
        await this.#life?.[request.step]();
        return undefined;
      case 'forget':
        await this.#life?.forget(request.beforeMs);
        return undefined;
      case 'answer':
        return this.#life!.answer(request.question);
      case 'done':
        return (await this.#life?.listDone(request.eventIds)) ?? [];
    }
  }

  async #load(): Promise<Answers['load']> {
    const { module, dropIn } = this.facts;
    const check = await importPlugin(module, dropIn);
    if (!check.ok) return { refusal: describeRefusal(check.error) };
    this.#plugin = withProviders(check.plugin, dropIn.file);
    return { plugin: summarise(check.plugin) };
  }

  async #configure(values: unknown): Promise<Answers['configure']> {
    const plugin = this.#plugin!;
    let config = values;
    if (plugin.config) {
      // What checks classes is worth its memory only where there is one.
      const { checkConfig } = await import('@crm-mesh/config/checking');
      const { instance, found } = await checkConfig(plugin.config, values);
      if (found.length > 0) return found;
      config = instance;
    }
    this.#life = new PluginLife(plugin, config, this.#log);
    return [];
  }

  async #run(id: number, input: RunInput): Promise<void> {
    const run = new WorkerRun();
    this.#runs.set(id, run);
    const outcome = await this.#life!.run(input, run);
    this.#runs.delete(id);
    this.#outbox.add({ kind: 'outcome', id, outcome });
  }

  async #answerLane(id: number, item: HandlerItem): Promise<void> {
    this.#readLane ??= (await import('@crm-mesh/plugin-consumer/reading')).readLane;
    this.#outbox.add({ kind: 'lane', id, lane: this.#readLane(this.#plugin!, item) });
  }
}

function describeRefusal({ code, what, cure }: MeshError): Refusal {
  return { code, what, cure };
}

class WorkerRun implements Pick<HandlerRun, 'signal'> {
  #reason: string | undefined;
  #controller: AbortController | undefined;

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  abort(reason: string): void {
    this.#reason = reason;
    this.#controller?.abort(new Error(reason));
  }
}
