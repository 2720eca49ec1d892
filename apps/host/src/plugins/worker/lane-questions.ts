import type { HandlerItem } from '@crm-mesh/delivery';
import type { PluginWorker } from './plugin-worker.js';

/** A `key` that has ended so many workers is not asked again. */
const MOST_DEATHS = 2;

interface Question {
  item: HandlerItem;
  answer(lane: string): void;
  /** Workers that ended while it alone was asked. */
  deaths: number;
}

/** What a plugin's `key` has been asked and has not answered; it outlives the worker that did not. */
export class LaneQuestions {
  /** The oldest first. */
  readonly #open = new Set<Question>();

  /** Without a worker it is asked when there is one, see {@link clear}. */
  ask(item: HandlerItem, worker: PluginWorker | undefined): Promise<string> {
    return new Promise((resolve) => {
      const question: Question = { item, answer: resolve, deaths: 0 };
      this.#open.add(question);
      if (worker) void this.#put(question, worker);
    });
  }

  /**
   * Before a new worker does anything else, one by one: so the one that ends workers is found, and gets its subject for a
   * lane. Rejects when the worker ends at it.
   */
  async clear(worker: PluginWorker): Promise<void> {
    for (const question of this.#open) {
      if (await this.#put(question, worker)) continue;
      question.deaths += 1;
      if (question.deaths >= MOST_DEATHS) this.#close(question, question.item.subject);
      throw new Error('its worker ended while the key of an event was asked for');
    }
  }

  async #put(question: Question, worker: PluginWorker): Promise<boolean> {
    const lane = await worker.askLane(question.item);
    if (lane === undefined) return false;
    this.#close(question, lane);
    return true;
  }

  #close(question: Question, lane: string): void {
    this.#open.delete(question);
    question.answer(lane);
  }
}
