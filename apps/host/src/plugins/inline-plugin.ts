import { validateConfig } from '@crm-mesh/config';
import type { HandlerItem, RunHandler } from '@crm-mesh/delivery';
import { importPlugin, type DropIn } from '@crm-mesh/drop-ins';
import type { PluginCode, PluginSummary } from '@crm-mesh/plugin-consumer';
import { PluginLife, summarise } from '@crm-mesh/plugin-consumer/in-place';
import { readLane } from '@crm-mesh/plugin-consumer/reading';
import type { Plugin } from '@crm-mesh/sdk';
import { withProviders } from '@crm-mesh/sdk/running';
import type { Logger } from '@crm-mesh/telemetry';
import { attribute } from './attribution.js';
import { withinLimit } from './within-limit.js';

/** A plugin in the host's own thread: fast, and trusted not to hurt the others. */
export class InlinePlugin implements PluginCode {
  readonly summary: PluginSummary;
  readonly restarting = undefined;
  private life: PluginLife | undefined;

  constructor(
    private readonly plugin: Plugin,
    private readonly log: Logger,
  ) {
    this.summary = summarise(plugin);
  }

  async configure(values: Record<string, unknown>): Promise<void> {
    const { config: schema, name } = this.plugin;
    const config = schema ? await validateConfig(schema, values, `plugins.${name}`) : values;
    this.life = new PluginLife(this.plugin, config, this.log);
  }

  setup(): Promise<void> {
    return this.takeStep('setup');
  }

  teardown(): Promise<void> {
    return this.takeStep('teardown');
  }

  readonly runHandler: RunHandler = (input, run) => attribute(this.plugin.name, () => this.life!.run(input, run));

  laneOf(item: HandlerItem): string {
    return readLane(this.plugin, item);
  }

  untilReady(): undefined {
    return undefined;
  }

  setConsuming(): void {}

  async forget(beforeMs: number): Promise<void> {
    await this.life?.forget(beforeMs);
  }

  answer(question: unknown): Promise<object> {
    return attribute(this.plugin.name, () => this.life!.answer(question));
  }

  async listDone(eventIds: readonly string[]): Promise<string[]> {
    return (await this.life?.listDone(eventIds)) ?? [];
  }

  async close(): Promise<void> {
    await this.life?.close();
  }

  private async takeStep(step: 'setup' | 'teardown'): Promise<void> {
    await withinLimit(attribute(this.plugin.name, async () => this.life?.[step]()));
  }
}

/** Throws MESH_PLUGIN_INVALID. */
export async function openInline(module: string, dropIn: DropIn, log: Logger): Promise<InlinePlugin> {
  const check = await importPlugin(module, dropIn);
  if (!check.ok) throw check.error;
  return new InlinePlugin(withProviders(check.plugin, dropIn.file), log);
}
