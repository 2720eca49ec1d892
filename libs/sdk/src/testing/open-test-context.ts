import { MeshError } from '@crm-mesh/contract';
import type { InjectionToken } from '../providers.js';
import { bridgeLog, describeToken, type OpenContext } from '../running/open-providers.js';

/** What a test puts in the place of a provider, as in a Nest module. */
export type ProviderOverride = { provide: InjectionToken } & (
  | { useValue: unknown }
  | { useClass: new (...args: never[]) => unknown }
  | { useFactory: (...args: never[]) => unknown; inject?: InjectionToken[] }
);

/** Opens a plugin's providers with some of them replaced, wherever in its modules they stand. */
export function openTestContext(overrides: readonly ProviderOverride[]): OpenContext {
  return async (root, log) => {
    const { Test } = await import('@nestjs/testing').catch((cause: unknown) => {
      throw new MeshError(
        'MESH_PLUGIN_INVALID',
        'A plugin with imports is tested by @nestjs/testing, which is not there.',
        {
          cause,
          cure: 'Install it: npm install --save-dev @nestjs/testing',
        },
      );
    });
    const builder = Test.createTestingModule({ imports: [root as never] }).setLogger(bridgeLog(log));
    for (const override of overrides) {
      const replaced = builder.overrideProvider(override.provide);
      if ('useValue' in override) replaced.useValue(override.useValue);
      else if ('useClass' in override) replaced.useClass(override.useClass as never);
      else replaced.useFactory({ factory: override.useFactory as never, inject: override.inject as never });
    }
    const context = await builder.compile();
    for (const { provide } of overrides) refuseStranger(() => context.get(provide, { strict: false }), provide);
    return context.init();
  };
}

/** Nest says nothing of an override that replaces nothing. */
function refuseStranger(find: () => unknown, token: InjectionToken): void {
  try {
    find();
  } catch (cause) {
    throw new TypeError(`providers: ${describeToken(token)} is provided by none of the plugin's imports`, { cause });
  }
}
