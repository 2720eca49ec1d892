import type { SourceContext } from '@crm-mesh/sdk';

/** What is not found may be new, or deleted since: it asks anew, but a flood of such does not flood the CRM. */
const ASK_AGAIN_MS = 30_000;

interface Kept<Value> {
  readAtMs: number;
  value: Promise<Value>;
}

export interface KeptReadsOptions<Config extends object, Value> {
  /** For how long an answer is good. */
  keepMs: number;
  ask(key: string, context: SourceContext<Config>): Promise<Value>;
}

/** What people edit by hand, seldom (stages, fields): asked for once in a while, by key, for each connection. */
export class KeptReads<Config extends object, Value> {
  private readonly byConfig = new WeakMap<Config, Map<string, Kept<Value>>>();

  constructor(private readonly options: KeptReadsOptions<Config, Value>) {}

  /** `maxAgeMs` 0: as it is now. */
  read(key: string, context: SourceContext<Config>, maxAgeMs = this.options.keepMs): Promise<Value> {
    const kept = this.byConfig.get(context.config) ?? new Map<string, Kept<Value>>();
    this.byConfig.set(context.config, kept);
    const last = kept.get(key);
    if (last && context.now() - last.readAtMs < maxAgeMs) return last.value;
    const fresh = { readAtMs: context.now(), value: this.options.ask(key, context) };
    kept.set(key, fresh);
    // A failure is nobody's answer but that of those who waited for it.
    fresh.value.catch(() => {
      if (kept.get(key) === fresh) kept.delete(key);
    });
    return fresh.value;
  }

  /** What kept reads lack asks once more. */
  readAgain(key: string, context: SourceContext<Config>): Promise<Value> {
    return this.read(key, context, ASK_AGAIN_MS);
  }

  /** What `pick` finds, in what is kept or else in what is there now. */
  async find<Found>(
    key: string,
    context: SourceContext<Config>,
    pick: (value: Value) => Found | undefined,
  ): Promise<Found | undefined> {
    return pick(await this.read(key, context)) ?? pick(await this.readAgain(key, context));
  }
}
