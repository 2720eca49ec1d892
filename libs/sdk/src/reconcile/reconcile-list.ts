import {
  escapeToken,
  markFields,
  placeBehind,
  unescapeToken,
  type EntityScope,
  type PageQuestion,
} from '@crm-mesh/contract';
import { keepLowest, type Marked } from './keep-lowest.js';
import type { PluginReconcile, ReconcileContext } from './plugin-reconcile.js';

/** One object downstream. */
export interface ListedRecord {
  /** The record's id, as it is in events: the plugin has put it there. */
  id: string;
  /** The record version that was applied last, where the plugin has put that there, too. */
  version?: number;
  /** Else: what lies there, in the names and forms that events have. */
  values?: Readonly<Record<string, unknown>>;
}

type Context<C> = ReconcileContext<C>;

/** Something downstream that can be listed. */
export interface ReconcileListOptions<C> {
  /** What it holds: `contact`. */
  entity: string;
  /** Fields that are compared; absent: the `version` of each object is. */
  fields?: readonly string[];
  /** All objects of one connection, in any order; one that lies there twice is given twice. */
  list(scope: EntityScope, context: Context<C>): AsyncIterable<ListedRecord>;
  /** One object as it is now, for what is looked at a second time; absent: all are listed anew for it. */
  get?(id: string, scope: EntityScope, context: Context<C>): Promise<ListedRecord | undefined>;
  /**
   * How many ids and marks are kept in memory, about 150 bytes each; default 200,000. Where there are more, all are listed
   * again for each further part of so many.
   */
  keep?: number;
  /** How long what was listed is answered from, in milliseconds; default 60,000. */
  keepMs?: number;
}

/** A part of what lies downstream, in the order of places. */
interface Window {
  scope: string;
  from: string;
  /** Where it ends, not included; undefined: it goes to the last. */
  to: string | undefined;
  records: readonly Marked[];
  listedAtMs: number;
}

const KEEP = 200_000;
const KEEP_MS = 60_000;

/**
 * Makes comparable what an API can list: objects become ids and marks, which are sorted and cut into pages here.
 * @example
 * reconcile: reconcileList({
 *   entity: 'contact',
 *   async *list({ connection }, { config, signal }) {
 *     for await (const object of client(config).list(connection, signal)) yield { id: object.crmId, version: object.crmVersion };
 *   },
 * })
 */
export function reconcileList<C>(options: ReconcileListOptions<C>): PluginReconcile<C> {
  const { entity, fields } = options;
  const lister = new Lister(options);
  return {
    entities: [entity],
    ...(fields ? { marks: 'fields', fields: { [entity]: fields } } : { marks: 'version' }),
    async page(question, context) {
      const records = await lister.read(question, context);
      const page = cutBehindTwins(records, question.limit);
      const packed = page.map(({ place, mark }) => `${place}\t${mark}`).join('\n');
      return page.length < records.length || records.isPart ? { packed, after: page.at(-1)!.place } : { packed };
    },
  };
}

/** So many at most, but never the half of what lies there twice. */
function cutBehindTwins(records: readonly Marked[], limit: number): readonly Marked[] {
  let end = Math.min(records.length, limit);
  while (end > 0 && records[end]?.place === records[end - 1]!.place) end++;
  return records.slice(0, end);
}

/** What was listed last, one part of one connection. */
class Lister<C> {
  #window: Promise<Window> | undefined;

  constructor(private readonly options: ReconcileListOptions<C>) {}

  /** `isPart`: the range goes on behind the last of them. */
  async read(question: PageQuestion, context: Context<C>): Promise<readonly Marked[] & { isPart: boolean }> {
    const { from, to } = question;
    if (this.options.get && to === placeBehind(from)) return this.#readOne(question, context);
    const window = await this.#open(question, context);
    const records = window.records.filter(({ place }) => place >= from && (to === undefined || place < to));
    const isPart = window.to !== undefined && (to === undefined || window.to < to);
    return Object.assign(records, { isPart });
  }

  async #readOne(question: PageQuestion, context: Context<C>): Promise<readonly Marked[] & { isPart: boolean }> {
    const { tenant, connection, entity, from } = question;
    const found = await this.options.get!(unescapeToken(from), { tenant, connection, entity }, context);
    return Object.assign(found ? [this.#mark(found)] : [], { isPart: false });
  }

  async #open(question: PageQuestion, context: Context<C>): Promise<Window> {
    for (;;) {
      const pending = this.#window;
      const known = await pending?.catch(() => undefined);
      if (known && this.#covers(known, question)) return known;
      // Who asks together waits for one list.
      if (pending === this.#window) return (this.#window = this.#list(question, context));
    }
  }

  #covers({ scope, from, to, records, listedAtMs }: Window, question: PageQuestion): boolean {
    const isFresh = performance.now() - listedAtMs < (this.options.keepMs ?? KEEP_MS);
    const isInside = from <= question.from && (to === undefined || question.from <= records.at(-1)!.place);
    return isFresh && isInside && scope === nameScope(question);
  }

  async #list(question: PageQuestion, context: Context<C>): Promise<Window> {
    const { tenant, connection, entity, from } = question;
    const listedAtMs = performance.now();
    const listed = this.options.list({ tenant, connection, entity }, context);
    const { records, to } = await keepLowest(this.#markAll(listed, context), { from, keep: this.options.keep ?? KEEP });
    return { scope: nameScope(question), from, to, records, listedAtMs };
  }

  async *#markAll(listed: AsyncIterable<ListedRecord>, { signal }: Context<C>): AsyncIterable<Marked> {
    for await (const record of listed) {
      signal.throwIfAborted();
      yield this.#mark(record);
    }
  }

  #mark({ id, version, values }: ListedRecord): Marked {
    const { fields } = this.options;
    return { place: escapeToken(id), mark: fields ? markFields(values ?? {}, fields) : String(version ?? 0) };
  }
}

const nameScope = ({ tenant, connection }: EntityScope): string => JSON.stringify([tenant, connection]);
