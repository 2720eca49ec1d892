import { isMainThread } from 'node:worker_threads';
import { MeshError } from '@crm-mesh/contract';
import type { Log } from '../log.js';
import type { PluginDefinition, PluginLifecycleContext } from '../plugin.js';
import { PLUGIN_CONFIG, PLUGIN_LOG, type InjectionToken } from '../providers.js';

/** As much of Nest's application context as is needed. */
export interface NestContext {
  get(token: unknown, options: { strict: boolean }): unknown;
  close(): Promise<void>;
}

/** Makes an application context of one module, and runs its `onModuleInit`. */
export type OpenContext = (root: object, log: Log) => Promise<NestContext>;

export interface OpenedProviders {
  /** In the order of the plugin's `inject`. */
  injected: readonly unknown[];
  /** Runs `onModuleDestroy` and the like. */
  close(): Promise<void>;
}

export interface ProvidersToOpen {
  plugin: Pick<PluginDefinition, 'imports' | 'inject' | 'config'>;
  /** The plugin's file, for messages. */
  place: string;
  context: Pick<PluginLifecycleContext, 'config' | 'log'>;
  openContext: OpenContext;
}

class PluginModule {}

/** The plugin's own Nest providers. Throws MESH_PLUGIN_INVALID for what only a change of its file can mend. */
export async function openProviders(wanted: ProvidersToOpen): Promise<OpenedProviders> {
  const { plugin, place, context, openContext } = wanted;
  const opened = await openContext(describeRoot(wanted), context.log).catch((error: unknown) => {
    throw isRefusal(error) ? explainRefusal(place, error) : error;
  });
  try {
    const injected = plugin.inject!.map((token, index) => readProvider(opened, token, `${place}: inject[${index}]`));
    return { injected, close: () => opened.close() };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

/** In a worker Nest's log is the plugin's own; in the host's thread it is the host's, and must stay so. */
export async function openNestContext(root: object, log: Log): Promise<NestContext> {
  const { NestFactory } = await import('@nestjs/core');
  const logger = isMainThread ? {} : { logger: bridgeLog(log) };
  return NestFactory.createApplicationContext(root, { abortOnError: false, ...logger });
}

/** Nest's lines, which end with the name of who writes. What Nest itself tells of its start is for debugging. */
export function bridgeLog(log: Log) {
  const writeTo =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (message: unknown, ...rest: unknown[]): void => {
      const context = rest.at(-1);
      const isOfNest =
        typeof context === 'string' && /^(?:NestFactory|InstanceLoader|NestApplicationContext)$/.test(context);
      const text = message instanceof Error ? message.message : String(message);
      log[level === 'info' && isOfNest ? 'debug' : level](typeof context === 'string' ? { context } : {}, text);
    };
  const debug = writeTo('debug');
  return { log: writeTo('info'), debug, verbose: debug, warn: writeTo('warn'), error: writeTo('error') };
}

function describeRoot({ plugin, context }: ProvidersToOpen): object {
  const { config, log } = context;
  const schema = plugin.config;
  const own = [
    { provide: PLUGIN_CONFIG, useValue: config },
    { provide: PLUGIN_LOG, useValue: log },
    ...(typeof schema === 'function' && !('~standard' in schema) ? [{ provide: schema, useValue: config }] : []),
  ];
  const exported = own.map(({ provide }) => provide);
  return { module: PluginModule, global: true, imports: [...plugin.imports!], providers: own, exports: exported };
}

function readProvider(context: NestContext, token: InjectionToken, place: string): unknown {
  try {
    return context.get(token, { strict: false });
  } catch (cause) {
    const name = describeToken(token);
    const isScoped = cause instanceof Error && cause.message.includes('scoped');
    const what = isScoped ? 'lives for a request, and there are none here' : 'is provided by none of the imports';
    const cure = isScoped ? 'Leave its scope out.' : 'Add it to the providers of a module among imports.';
    throw new MeshError('MESH_PLUGIN_INVALID', `${place}: ${name} ${what}.`, { cause, cure });
  }
}

export function describeToken(token: InjectionToken): string {
  return typeof token === 'function' ? token.name : String(token);
}

/** What Nest says of modules that do not fit together; told by name, as the plugin may have brought its own Nest. */
function isRefusal(error: unknown): error is Error {
  for (let proto: unknown = error; proto instanceof Error; proto = Object.getPrototypeOf(proto))
    if (proto.constructor.name === 'RuntimeException') return true;
  return false;
}

function explainRefusal(place: string, cause: Error): MeshError {
  const what = cause.message.split('\n')[0]!.replace(/\.$/, '');
  return new MeshError('MESH_PLUGIN_INVALID', `${place}: imports: ${what}.`, {
    cause,
    cure:
      'Add what is missing to the providers of that module, or import the module that exports it. ' +
      'A parameter whose type is no class needs @Inject(TOKEN).',
  });
}
