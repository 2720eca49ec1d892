import { Worker } from 'node:worker_threads';
import { MeshError } from '@crm-mesh/contract';
import type { HandlerInput, HandlerItem, HandlerRun } from '@crm-mesh/delivery';
import type { Outcome, RunOutcome } from '@crm-mesh/delivery/outcome';
import { CLOSED, describeBlocked, describeExit, describeUncaught, OVERDUE, type Death } from './death.js';
import { packForWorker, type Told } from './parcel.js';
import type { Answers, FromWorker, Request, ToWorker, WorkerFacts } from './protocol.js';
import { TurnBatch } from './turn-batch.js';

/** How often a worker that has something in hand is asked whether it is there. */
const BEAT_MS = 1_000;
/** So many beats without an answer: its event loop is blocked for good. Beats, and not time: the host itself may have slept. */
const BLOCKED_AFTER_BEATS = 10;
/** So many beats after its abort a handler is ended with its worker, before the engine would leave it behind (5 s). */
const OVERDUE_AFTER_BEATS = 3;

interface RunInHand {
  end(outcome: RunOutcome): void;
  /** Events of a batch; else 1. */
  events: number;
  /** Since its abort; undefined: it was not aborted. */
  beatsOver: number | undefined;
}

interface RequestInHand {
  resolve(answer: never): void;
  reject(error: Error): void;
}

export interface PluginWorkerOptions {
  /** The module of worker-main.ts. */
  main: string;
  facts: WorkerFacts;
  heapMb: number;
  onLine(line: FromWorker & { kind: 'line' }): void;
  /** Called once, when everything that was in hand has been told. `inHand`: how many events. */
  onDeath(death: Death, inHand: number): void;
}

/** One worker of one plugin, from its start to its end. */
export class PluginWorker {
  readonly #worker: Worker;
  readonly #outbox: TurnBatch<ToWorker>;
  readonly #beat: NodeJS.Timeout;
  readonly #runs = new Map<number, RunInHand>();
  readonly #requests = new Map<number, RequestInHand>();
  readonly #lanes = new Map<number, (lane: string | undefined) => void>();
  #ids = 0;
  /** Beats since the ping that is not answered yet; undefined: none is under way. */
  #beatsSilent: number | undefined;
  #cause: Death | undefined;
  #isDead = false;

  constructor(private readonly options: PluginWorkerOptions) {
    const { main, facts, heapMb } = options;
    const resourceLimits = { maxOldGenerationSizeMb: heapMb };
    this.#worker = new Worker(main, { workerData: facts, resourceLimits, name: facts.dropIn.name });
    this.#outbox = new TurnBatch((messages) => {
      const parcel = packForWorker(messages);
      this.#worker.postMessage(parcel, [parcel.bytes.buffer]);
    });
    this.#worker.on('message', ({ done, others }: Told) => {
      for (const message of others) this.#take(message);
      for (const id of done) this.#endRun(id, { kind: 'done' });
    });
    this.#worker.on('error', (error) => (this.#cause ??= describeUncaught(error, heapMb)));
    this.#worker.once('exit', (code) => this.#end(this.#cause ?? describeExit(code)));
    this.#beat = setInterval(() => this.#look(), BEAT_MS).unref();
  }

  /** Whether a handler still runs in it. */
  get isBusy(): boolean {
    return this.#runs.size > 0;
  }

  /** Rejects when the worker fails at it, or ends meanwhile. */
  ask<Step extends Request['step']>(request: Request & { step: Step }): Promise<Answers[Step]> {
    return new Promise((resolve, reject) => {
      if (this.#isDead) return reject(new Error('its worker has ended'));
      const id = this.#ids++;
      this.#requests.set(id, { resolve, reject });
      this.#outbox.add({ kind: 'request', id, ...request });
    });
  }

  run(input: HandlerInput, run: HandlerRun): Promise<RunOutcome> {
    return new Promise((resolve) => {
      const id = this.#ids++;
      const inHand: RunInHand = { end: resolve, events: input.items.length, beatsOver: undefined };
      this.#runs.set(id, inHand);
      this.#outbox.add({ kind: 'run', id, input });
      run.onInterrupt((reason) => {
        inHand.beatsOver = 0;
        this.#outbox.add({ kind: 'abort', id, reason });
      });
    });
  }

  /** Undefined: the worker ended before it answered. */
  askLane(item: HandlerItem): Promise<string | undefined> {
    return new Promise((resolve) => {
      if (this.#isDead) return resolve(undefined);
      const id = this.#ids++;
      this.#lanes.set(id, resolve);
      // The bytes lie in a larger buffer of the connection, all of which would be copied.
      this.#outbox.add({ kind: 'lane', id, item: { ...item, data: new Uint8Array(item.data) } });
    });
  }

  async close(): Promise<void> {
    await this.#kill(CLOSED);
  }

  #take(message: FromWorker): void {
    switch (message.kind) {
      case 'outcome':
        return this.#endRun(message.id, message.outcome);
      case 'lane':
        this.#lanes.get(message.id)?.(message.lane);
        return void this.#lanes.delete(message.id);
      case 'line':
        return this.options.onLine(message);
      case 'pong':
        this.#beatsSilent = undefined;
        return;
      case 'answer':
        this.#requests.get(message.id)?.resolve(message.answer as never);
        return void this.#requests.delete(message.id);
      case 'failure': {
        this.#requests.get(message.id)?.reject(reviveError(message));
        return void this.#requests.delete(message.id);
      }
    }
  }

  #endRun(id: number, outcome: RunOutcome): void {
    const run = this.#runs.get(id);
    this.#runs.delete(id);
    run?.end(outcome);
  }

  #look(): void {
    if (this.#runs.size + this.#lanes.size + this.#requests.size === 0) return;
    const isSilent = this.#beatsSilent !== undefined;
    if (this.#beatsSilent === undefined) {
      this.#beatsSilent = 0;
      this.#outbox.add({ kind: 'ping' });
    } else this.#beatsSilent++;
    if ((this.#beatsSilent ?? 0) >= BLOCKED_AFTER_BEATS) return void this.#kill(describeBlocked(BLOCKED_AFTER_BEATS));
    let isOverdue = false;
    for (const run of this.#runs.values()) {
      if (run.beatsOver !== undefined && ++run.beatsOver >= OVERDUE_AFTER_BEATS) isOverdue = true;
    }
    // Nobody in a blocked loop can heed a signal: which of them blocks it, nobody knows.
    if (isOverdue) void this.#kill(isSilent ? describeBlocked(this.#beatsSilent) : OVERDUE);
  }

  async #kill(cause: Death): Promise<void> {
    this.#cause ??= cause;
    await this.#worker.terminate();
  }

  #end(death: Death): void {
    this.#isDead = true;
    clearInterval(this.#beat);
    const inHand = [...this.#runs.values()].reduce((sum, { events }) => sum + events, 0);
    const isAlone = inHand === 1 && this.#lanes.size === 0;
    for (const run of this.#runs.values()) run.end(explainDeath(death, run, isAlone));
    for (const { reject } of this.#requests.values()) reject(new Error(`its worker ended: ${death.what}`));
    for (const answer of this.#lanes.values()) answer(undefined);
    for (const map of [this.#runs, this.#requests, this.#lanes]) map.clear();
    this.options.onDeath(death, inHand);
  }
}

/** What a worker's end means for one of the runs that it had in hand. */
function explainDeath({ reason, what }: Death, { beatsOver = 0 }: RunInHand, isAlone: boolean): Outcome {
  if (reason === 'closed') return { kind: 'interrupted' };
  if (reason === 'overdue' && beatsOver >= OVERDUE_AFTER_BEATS) {
    return { kind: 'timeout', error: { name: 'TimeoutError', message: what } };
  }
  const blame = reason === 'overdue' ? 'none' : isAlone ? 'alone' : 'shared';
  const when = isAlone ? 'while this event alone was in hand' : 'while several events were in hand';
  return {
    kind: 'killed',
    blame,
    error: { name: 'WorkerEnded', message: `the plugin's worker ended ${when}: ${what}` },
  };
}

function reviveError({ error: { name, message, stack }, refusal }: FromWorker & { kind: 'failure' }): Error {
  if (refusal) return new MeshError(refusal.code, refusal.what, { cure: refusal.cure });
  return Object.assign(new Error(message), { name, stack });
}
