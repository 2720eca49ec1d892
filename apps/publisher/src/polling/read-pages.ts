import type { TaskHealth } from '@crm-mesh/control';
import { isDeepStrictEqual } from 'node:util';
import type { NotificationDraft, Urgency } from '@crm-mesh/sdk';
import type { Connection } from '../connections/connections.js';
import type { Proof } from '../notifications/to-message.js';
import { abortable } from './abortable.js';
import type { CursorKey } from './cursors.js';
import { noteHeldBack } from './task.js';
import type { TaskDependencies } from './task-dependencies.js';

interface Request {
  cursor?: string;
}

interface Page {
  drafts: readonly NotificationDraft[];
  cursor?: string;
}

interface PagesOptions<Asked extends Request, Given extends Page> {
  shared: Pick<TaskDependencies, 'pressure' | 'publisher' | 'counts'>;
  connection: Connection;
  health: TaskHealth;
  urgency: Urgency;
  proof: Omit<Proof, 'receivedAt'>;
  ask(request: Asked): Promise<Given>;
}

/** What was asked for ahead and lay so long, because the mesh was behind, is asked for again. */
const LONGEST_AHEAD_MS = 10_000;

/**
 * From a CRM into CRM_RAW, page by page. While a page is stored the next one is asked for, one at most: reading changes
 * nothing, so at a kill it is as if nobody had asked.
 */
export class PageReader<Asked extends Request, Given extends Page> {
  #ahead: { request: Asked; page: Promise<Given>; atMs: number } | undefined;

  constructor(private readonly options: PagesOptions<Asked, Given>) {}

  /** Resolves to the page when all of it that can be stored is: from then on its cursor may be saved. */
  async store(request: Asked, key: CursorKey, signal: AbortSignal): Promise<Given> {
    const { connection, health, urgency, proof, shared } = this.options;
    const { pressure, publisher, counts } = shared;
    const onHeld = (why: string | undefined): void => noteHeldBack(health, why);
    await pressure.untilLow(urgency, signal, onHeld);
    const page = await abortable(this.#take(request), signal);
    refuseStandstill(page, request);
    if (page.cursor !== undefined && pressure.isFar(urgency)) this.#askAhead({ ...request, cursor: page.cursor });
    const published = await publisher.publish(connection, page.drafts, { ...proof, signal, onHeld });
    pressure.noteStored(published);
    counts.countPage(connection, key, published);
    return page;
  }

  /** What was asked for ahead is of no use any more. */
  forget(): void {
    this.#ahead = undefined;
  }

  #take(request: Asked): Promise<Given> {
    const ahead = this.#ahead;
    this.forget();
    const isOurs = ahead && isDeepStrictEqual(ahead.request, request);
    return isOurs && performance.now() - ahead.atMs < LONGEST_AHEAD_MS ? ahead.page : this.options.ask(request);
  }

  #askAhead(request: Asked): void {
    const page = this.options.ask(request);
    // Whoever takes it hears of it.
    page.catch(() => undefined);
    this.#ahead = { request, page, atMs: performance.now() };
  }
}

/** It would be asked for ever. */
function refuseStandstill(page: Page, { cursor }: Request): void {
  if (cursor !== undefined && page.cursor === cursor)
    throw new Error('the source gave the cursor again that it was asked with');
}
