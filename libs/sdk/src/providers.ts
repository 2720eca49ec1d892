/** How a Nest provider is asked for: by its class, or by the text or symbol under which a module provides it. */
export type InjectionToken = string | symbol | (abstract new (...args: never) => unknown);

/** What tokens stand for: of a class its instance; what a text or symbol stands for only its module knows. */
export type Injected<Tokens extends readonly InjectionToken[]> = {
  readonly [Index in keyof Tokens]: Tokens[Index] extends abstract new (...args: never) => infer Instance
    ? Instance
    : unknown;
};

/** For providers of a plugin's `imports`: `@Inject(PLUGIN_CONFIG)` is its configuration. A config class is a provider itself, too. */
export const PLUGIN_CONFIG = Symbol.for('@crm-mesh/plugin-config');

/** For providers of a plugin's `imports`: `@Inject(PLUGIN_LOG)` is its {@link Log}. */
export const PLUGIN_LOG = Symbol.for('@crm-mesh/plugin-log');
