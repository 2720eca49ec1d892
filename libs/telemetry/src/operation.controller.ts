import { Controller, Get, Header, Inject, Res } from '@nestjs/common';
import type { Metrics } from './metrics.js';
import { checkReadiness, type Readiness, type ReadinessCheck } from './readiness.js';

export const OPERATION_OPTIONS = Symbol('operation options');

export interface OperationOptions {
  app: string;
  readiness: readonly ReadinessCheck[];
  /** What is worth knowing of an app that is ready; shown by /readyz. */
  notes?: readonly ReadinessCheck[];
  metrics: Metrics;
}

/** What both HTTP adapters' replies have. */
interface Reply {
  status(code: number): unknown;
}

/** What orchestrators and Prometheus ask of every app. */
@Controller()
export class OperationController {
  constructor(@Inject(OPERATION_OPTIONS) private readonly options: OperationOptions) {}

  /** The process answers: nothing else is asked. */
  @Get('healthz')
  @Header('cache-control', 'no-store')
  healthz(): { status: 'ok'; app: string; uptimeSeconds: number } {
    return { status: 'ok', app: this.options.app, uptimeSeconds: Math.floor(process.uptime()) };
  }

  /** 503 with the reasons, as long as the app should get no traffic. */
  @Get('readyz')
  @Header('cache-control', 'no-store')
  async readyz(@Res({ passthrough: true }) reply: Reply): Promise<Readiness & { app: string; notes?: string[] }> {
    const { app, readiness: checks, notes: remarks = [] } = this.options;
    const [readiness, { reasons: notes }] = await Promise.all([checkReadiness(checks), checkReadiness(remarks)]);
    if (!readiness.ready) reply.status(503);
    return { app, ...readiness, ...(notes.length > 0 ? { notes } : {}) };
  }

  @Get('metrics')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  metrics(): Promise<string> {
    return this.options.metrics.registry.metrics();
  }
}
