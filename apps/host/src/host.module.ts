import { Module, type DynamicModule } from '@nestjs/common';
import { OperationModule, type Metrics } from '@crm-mesh/telemetry';
import type { Nats } from '@crm-mesh/jetstream';
import { ControlController, HOST_FACTS, type HostFacts } from './control/control.controller.js';
import { PluginHost } from './plugins/plugin-host.js';

export interface HostModuleOptions {
  nats: Nats;
  pluginHost: PluginHost;
  metrics: Metrics;
  facts: HostFacts;
}

@Module({})
export class HostModule {
  static register({ nats, pluginHost, metrics, facts }: HostModuleOptions): DynamicModule {
    const isConnected = () => (nats.connected ? undefined : 'NATS is not connected');
    const arePluginsLoaded = () => pluginHost.whyNotReady();
    return {
      module: HostModule,
      imports: [OperationModule.register({ app: 'host', metrics, readiness: [isConnected, arePluginsLoaded] })],
      controllers: [ControlController],
      providers: [
        { provide: PluginHost, useValue: pluginHost },
        { provide: HOST_FACTS, useValue: facts },
      ],
    };
  }
}
