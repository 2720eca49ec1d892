import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import request from 'supertest';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMetrics } from './metrics.js';
import { OperationModule } from './operation.module.js';
import { checkReadiness } from './readiness.js';

let app: NestFastifyApplication;
let reason: string | undefined;
let note: string | undefined;
const metrics = createMetrics({ app: 'test' });

beforeEach(async () => {
  const readiness = [() => reason, async () => undefined];
  const module = await Test.createTestingModule({
    imports: [OperationModule.register({ app: 'test', readiness, notes: [() => note], metrics })],
  }).compile();
  app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), { logger: false });
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
});

afterEach(() => app.close());

describe('OperationModule', () => {
  it('answers healthz', async () => {
    const reply = await request(app.getHttpServer()).get('/healthz').expect(200);
    expect(reply.body).toMatchObject({ status: 'ok', app: 'test' });
  });

  it('answers readyz with 503 and the reasons until it is ready', async () => {
    reason = 'NATS is away';
    const reply = await request(app.getHttpServer()).get('/readyz').expect(503);
    expect(reply.body).toEqual({ app: 'test', ready: false, reasons: ['NATS is away'] });
    reason = undefined;
    note = 'the outbox holds 3';
    const ready = await request(app.getHttpServer()).get('/readyz').expect(200);
    expect(ready.body).toEqual({ app: 'test', ready: true, reasons: [], notes: ['the outbox holds 3'] });
  });

  it('shows metrics, the same one for the same name', async () => {
    metrics.counter('mesh_things_total', 'Things', ['kind']).inc({ kind: 'a' });
    metrics.counter('mesh_things_total', 'Things', ['kind']).inc({ kind: 'a' });
    const reply = await request(app.getHttpServer()).get('/metrics').expect(200);
    expect(reply.text).toContain('mesh_things_total{kind="a",app="test"} 2');
    expect(reply.text).toContain('process_resident_memory_bytes');
  });
});

describe('checkReadiness', () => {
  it('takes a throw and silence for reasons', async () => {
    const checks = [
      function breaks() {
        throw new Error('no file');
      },
      function hangs() {
        return new Promise<undefined>(() => {});
      },
    ];
    const { ready, reasons } = await checkReadiness(checks, 20);
    expect(ready).toBe(false);
    expect(reasons).toEqual(['breaks failed: no file', 'hangs did not answer within 20 ms']);
  });
});
