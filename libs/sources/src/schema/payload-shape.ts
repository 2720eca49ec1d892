import { listPaths, typeOf, type JsonType } from './list-paths.js';
import { ValueList, type StoredValues } from './value-list.js';

/** What is otherwise in a CRM's objects than it was; `field` is a path in them. */
export interface PayloadChange {
  kind: 'field-added' | 'field-removed' | 'type-changed' | 'value-added';
  field: string;
  value?: string;
  before?: string;
  after?: string;
}

interface Field {
  /** Objects that had it, and the numbers of the first and the last of them. */
  seen: number;
  first: number;
  last: number;
  lastMs: number;
  /** Its absence was told, or its presence not yet. */
  isOut?: true;
  /** While it is out: how often it was seen since. */
  back?: number;
  types: JsonType[];
  /** Types that it was not known to have, and how often they were seen. */
  odd?: Partial<Record<JsonType, number>>;
  values?: StoredValues;
}

export interface StoredShape {
  objects: number;
  fields: [path: string, field: Field][];
}

/** So many objects are only learned from: what is new in them is not told. */
const LEARN = 100;
/** What is new counts when it was seen so often: one odd record is no change of a schema. */
const SEEN = 3;
/** What is gone: was in nine of ten objects, of no fewer than so many, is in none of so many in a row, and that for so long. */
const STEADY = 0.9;
const STEADY_SEEN = 50;
const GONE_OBJECTS = 200;
const GONE_MS = 3_600_000;
/** Looked for once in so many objects. */
const LOOK_EVERY = 20;
const MAX_FIELDS = 1_000;

/** The paths of a CRM's objects of one entity, with the types seen there. It grows to a bound, and then takes nothing new in. */
export class PayloadShape {
  #objects: number;
  readonly #fields: Map<string, Field>;
  readonly #values = new Map<string, ValueList>();

  constructor(stored: StoredShape = { objects: 0, fields: [] }) {
    this.#objects = stored.objects;
    this.#fields = new Map(stored.fields);
    for (const [path, { values }] of this.#fields) if (values) this.#values.set(path, new ValueList(values));
  }

  toJSON(): StoredShape {
    const fields = [...this.#fields].map(([path, field]): [string, Field] => {
      const values = this.#values.get(path);
      return [path, values ? { ...field, values: values.toJSON() } : field];
    });
    return { objects: this.#objects, fields };
  }

  /** Takes an object in. What it gives back is known from now on, and not given again. */
  take(object: object, nowMs: number): PayloadChange[] {
    this.#objects += 1;
    const changes: PayloadChange[] = [];
    for (const [path, value] of listPaths(object)) {
      const field = this.#see(path, nowMs);
      if (!field) continue;
      changes.push(...this.#noteReturn(path, field), ...this.#noteType(path, field, value));
      if (typeof value === 'string') changes.push(...this.#noteValue(path, value));
    }
    if (this.#objects % LOOK_EVERY === 0) changes.push(...this.#findGone(nowMs));
    return changes;
  }

  get #isLearning(): boolean {
    return this.#objects <= LEARN;
  }

  #see(path: string, nowMs: number): Field | undefined {
    let field = this.#fields.get(path);
    if (!field) {
      if (this.#fields.size >= MAX_FIELDS) return undefined;
      field = {
        seen: 0,
        first: this.#objects,
        last: 0,
        lastMs: 0,
        types: [],
        ...(!this.#isLearning && { isOut: true }),
      };
      this.#fields.set(path, field);
    }
    field.seen += 1;
    field.last = this.#objects;
    field.lastMs = nowMs;
    return field;
  }

  #noteReturn(path: string, field: Field): PayloadChange[] {
    if (!field.isOut) return [];
    field.back = (field.back ?? 0) + 1;
    if (field.back < SEEN) return [];
    delete field.isOut;
    delete field.back;
    // Its rate begins anew.
    Object.assign(field, { seen: 1, first: this.#objects });
    return [{ kind: 'field-added', field: path }];
  }

  #noteType(path: string, field: Field, value: unknown): PayloadChange[] {
    const type = typeOf(value);
    // Empty is no type.
    if (type === 'null' || field.types.includes(type)) return [];
    const times = (field.odd?.[type] ?? 0) + 1;
    const isFirst = field.types.length === 0;
    if (!isFirst && !this.#isLearning && times < SEEN) {
      field.odd = { ...field.odd, [type]: times };
      return [];
    }
    const before = field.types.toSorted().join(' or ');
    field.types.push(type);
    delete field.odd?.[type];
    return isFirst || this.#isLearning ? [] : [{ kind: 'type-changed', field: path, before, after: type }];
  }

  #noteValue(path: string, value: string): PayloadChange[] {
    let values = this.#values.get(path);
    if (!values) this.#values.set(path, (values = new ValueList()));
    return values.take(value) ? [{ kind: 'value-added', field: path, value }] : [];
  }

  #findGone(nowMs: number): PayloadChange[] {
    const changes: PayloadChange[] = [];
    for (const [path, field] of this.#fields) {
      const { seen, first, last, lastMs, isOut } = field;
      const isAbsent = this.#objects - last >= GONE_OBJECTS && nowMs - lastMs >= GONE_MS;
      if (isOut || !isAbsent || seen < STEADY_SEEN || seen / (last - first + 1) < STEADY) continue;
      field.isOut = true;
      // What stood in it is gone with it.
      if (!this.#isInsideGone(path)) changes.push({ kind: 'field-removed', field: path });
    }
    return changes;
  }

  #isInsideGone(path: string): boolean {
    const parent = path.slice(0, Math.max(path.lastIndexOf('.'), 0)).replace(/\[\]$/, '');
    return this.#fields.get(parent)?.isOut === true;
  }
}
