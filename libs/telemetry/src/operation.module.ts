import { Module, type DynamicModule, type FactoryProvider } from '@nestjs/common';
import { OPERATION_OPTIONS, OperationController, type OperationOptions } from './operation.controller.js';

export type { OperationOptions };

/** GET /healthz, /readyz and /metrics. */
@Module({})
export class OperationModule {
  static register(options: OperationOptions): DynamicModule {
    return this.build({ provide: OPERATION_OPTIONS, useFactory: () => options });
  }

  /** For options that need injected providers, e.g. readiness checks of a service. */
  static registerAsync(
    options: Pick<DynamicModule, 'imports'> & Pick<FactoryProvider<OperationOptions>, 'inject' | 'useFactory'>,
  ): DynamicModule {
    const { imports = [], ...factory } = options;
    return { ...this.build({ provide: OPERATION_OPTIONS, ...factory }), imports };
  }

  private static build(provider: FactoryProvider<OperationOptions>): DynamicModule {
    return { module: OperationModule, controllers: [OperationController], providers: [provider] };
  }
}
