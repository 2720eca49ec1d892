import type { DeliveryOptions, DeliveryPreset } from '@crm-mesh/sdk';
import { checkClass, type ClassProblem } from './class-problems.js';
import { ConfigError, type ConfigProblem } from './config-error.js';
import { DeliveryOverride, PRESET_NAMES } from './delivery-override.js';
import type { MeshConfig } from './mesh-config.js';
import { ReconcileConfig } from './reconcile-config.js';
import { findOrigin, rememberOrigin } from './value-origin.js';
import { formatPath } from './yaml-source.js';

/** `plugins.<name>` of mesh.yaml, taken apart. */
export interface PluginSettings {
  enabled: boolean;
  /** Overrides of the plugin's own delivery options. */
  delivery: DeliveryOptions | DeliveryPreset;
  /** What is the plugin's own; hand it to `validateConfig(schema, config, 'plugins.<name>')`. */
  config: Record<string, unknown>;
}

const problemsOf = new WeakMap<object, readonly ConfigProblem[]>();

export function rememberPluginProblems(settings: object, problems: readonly ConfigProblem[]): void {
  problemsOf.set(settings, problems);
}

/** Throws a {@link ConfigError} when this plugin's secrets are missing or its switches wrong; the others are not touched. */
export function readPluginSettings(config: Pick<MeshConfig, 'plugins'>, name: string): PluginSettings {
  const settings = config.plugins[name];
  if (settings === undefined) return { enabled: true, delivery: {}, config: {} };
  const { enabled = true, delivery, reconcile: _reconcile, ...own } = settings;
  // `delivery: queue` is short for its preset.
  const preset = PRESET_NAMES.find((known) => known === delivery);
  const checked = checkClass(DeliveryOverride, preset ? {} : delivery);
  const origin = findOrigin(settings);
  if (origin) rememberOrigin(own, origin);
  const problems = [...checkSwitches(settings, name, checked.problems), ...(problemsOf.get(settings) ?? [])];
  if (enabled !== false && problems.length > 0) throw new ConfigError(problems);
  return { enabled: enabled !== false, delivery: preset ?? checked.instance, config: own };
}

/** Which plugins are to be compared with the mesh by themselves. Throws a {@link ConfigError}. */
export function listPluginReconciles({ plugins }: Pick<MeshConfig, 'plugins'>): Map<string, ReconcileConfig> {
  const wanted = new Map<string, ReconcileConfig>();
  for (const [name, settings] of Object.entries(plugins)) {
    const { enabled, reconcile } = settings;
    if (reconcile === undefined || enabled === false) continue;
    const { instance, problems } = checkClass(ReconcileConfig, reconcile);
    if (problems.length > 0)
      throw new ConfigError(
        locate(
          settings,
          name,
          problems.map((one) => within('reconcile', one)),
        ),
      );
    wanted.set(name, instance);
  }
  return wanted;
}

function within(key: string, problem: ClassProblem): ClassProblem {
  return { ...problem, segments: [key, ...problem.segments] };
}

function checkSwitches(
  settings: Record<string, unknown>,
  name: string,
  delivery: readonly ClassProblem[],
): ConfigProblem[] {
  const found = delivery.map((problem) => within('delivery', problem));
  if (!['boolean', 'undefined'].includes(typeof settings['enabled'])) {
    found.push({ segments: ['enabled'], message: 'must be true or false', cure: 'Mend the value.' });
  }
  return locate(settings, name, found);
}

function locate(settings: Record<string, unknown>, name: string, found: readonly ClassProblem[]): ConfigProblem[] {
  const origin = findOrigin(settings);
  return found.map(({ segments, message, cure }) => ({
    path: formatPath(['plugins', name, ...segments]),
    message,
    cure,
    ...(origin ? { file: origin.source.file, line: origin.source.lineOf([...origin.path, ...segments]) } : {}),
  }));
}
