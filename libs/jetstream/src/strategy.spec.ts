import { execFile, spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';
import { MeshError } from '@crm-mesh/contract';
import { startTestNats, type TestNats } from '@crm-mesh/testing';
import { BadRequestException, Controller, Module, type INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import {
  Ctx,
  EventPattern,
  MessagePattern,
  Payload,
  RpcException,
  type MicroserviceOptions,
} from '@nestjs/microservices';
import { of, throwError } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectNats, requestControl, type Nats } from './index.js';
import { connectControl, type ControlContext, ControlErrorFilter, JetStreamStrategy } from './nest.js';
import { linkOf } from './nats.js';

const logged: object[] = [];
const log = { info: () => undefined, warn: () => undefined, error: (fields: object) => void logged.push(fields) };

@Controller()
class ControlPlane {
  @MessagePattern('status')
  status(@Ctx() context: ControlContext): object {
    return { app: 'host', subject: context.subject };
  }

  @MessagePattern('echo')
  echo(@Payload() payload: unknown): unknown {
    return payload === undefined ? { got: 'undefined' } : payload;
  }

  @MessagePattern('nothing')
  nothing(): void {
    return undefined;
  }

  @MessagePattern('later')
  async later(): Promise<object> {
    await new Promise((resolve) => setTimeout(resolve, 200));
    return { later: true };
  }

  @MessagePattern('observable')
  observable(): unknown {
    return of({ first: 1 }, { last: 2 });
  }

  @MessagePattern('refuse')
  refuse(@Payload() how: 'sync' | 'async' | 'observable'): unknown {
    const error = new MeshError('MESH_PLUGIN_INVALID', 'There is no plugin nope.\nIndeed.', {
      cure: 'Name one that is.',
    });
    if (how === 'async') return Promise.reject(error);
    if (how === 'observable') return throwError(() => error);
    throw error;
  }

  @MessagePattern('bad-request')
  badRequest(): never {
    throw new BadRequestException(['name must be text', 'forMs must be a number']);
  }

  @MessagePattern('broken')
  broken(): never {
    throw new TypeError('secret-42 is not a function');
  }

  @MessagePattern('rpc')
  rpc(): never {
    throw new RpcException('whatever');
  }

  @MessagePattern('huge')
  huge(): string {
    return 'x'.repeat(2 * 1_048_576);
  }

  @MessagePattern('circular')
  circular(): object {
    const value: { self?: object } = {};
    value.self = value;
    return value;
  }
}

@Module({ controllers: [ControlPlane] })
class ControlModule {}

let server: TestNats;
let nats: Nats;
let client: Nats;
let app: INestMicroservice;

async function startApp(module: object, version = '1.2.3'): Promise<INestMicroservice> {
  const strategy = new JetStreamStrategy({ nats, app: 'host', version });
  const service = await NestFactory.createMicroservice<MicroserviceOptions>(module, {
    strategy,
    logger: false,
    abortOnError: false,
  });
  service.useGlobalFilters(new ControlErrorFilter());
  await service.listen();
  await nats.flush();
  return service;
}

beforeAll(async () => {
  server = await startTestNats();
  nats = await connectNats({ name: 'host', url: server.url, log });
  client = await connectNats({ name: 'cli', url: server.url });
  app = await startApp(ControlModule);
});
afterAll(async () => {
  await app?.close();
  await client?.close();
  await nats?.close();
  await server?.stop();
});

async function failure(asking: Promise<unknown>): Promise<MeshError> {
  const error: unknown = await asking.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(MeshError);
  return error as MeshError;
}

describe('a control request', () => {
  it('reaches the handler and brings its answer', async () => {
    expect(await requestControl(client, 'host', 'status')).toEqual({ app: 'host', subject: 'mesh.ctl.host.status' });
  });

  it.each([[{ a: [1, 'ü', null] }], ['text'], [0], [false], [null], [{ got: 'undefined' }, undefined]])(
    'carries plain JSON both ways: %j',
    async (answer, sent: unknown = answer) => {
      expect(await requestControl(client, 'host', 'echo', sent)).toEqual(answer);
    },
  );

  it('takes an empty payload as undefined, and answers undefined by an empty one', async () => {
    expect(await requestControl(client, 'host', 'echo')).toEqual({ got: 'undefined' });
    expect(await requestControl(client, 'host', 'nothing')).toBeUndefined();
  });

  it('waits for promises and takes the last value of an Observable', async () => {
    expect(await requestControl(client, 'host', 'later')).toEqual({ later: true });
    expect(await requestControl(client, 'host', 'observable')).toEqual({ last: 2 });
  });

  it.each(['sync', 'async', 'observable'])('brings back the MeshError that a handler threw: %s', async (how) => {
    const error = await failure(requestControl(client, 'host', 'refuse', how));
    expect(error).toMatchObject({
      code: 'MESH_PLUGIN_INVALID',
      what: 'There is no plugin nope.\nIndeed.',
      cure: 'Name one that is.',
    });
    expect(error.message).toBe('MESH_PLUGIN_INVALID: There is no plugin nope.\nIndeed. Name one that is.');
  });

  it("says what Nest's pipes find wrong", async () => {
    expect(await failure(requestControl(client, 'host', 'bad-request'))).toMatchObject({
      code: 'MESH_CONTROL_INVALID',
      what: 'The request was refused: name must be text; forMs must be a number.',
    });
  });

  it('keeps the text of an unexpected error in the log', async () => {
    logged.length = 0;
    const error = await failure(requestControl(client, 'host', 'broken'));
    expect(error).toMatchObject({ code: 'MESH_CONTROL_FAILED', what: "The host failed at 'broken' (TypeError)." });
    expect(JSON.stringify(error)).not.toContain('secret-42');
    expect(logged).toEqual([
      { err: expect.objectContaining({ message: 'secret-42 is not a function' }), app: 'host', verb: 'broken' },
    ]);
    expect(await failure(requestControl(client, 'host', 'rpc'))).toMatchObject({ code: 'MESH_CONTROL_FAILED' });
    expect(await failure(requestControl(client, 'host', 'circular'))).toMatchObject({ code: 'MESH_CONTROL_FAILED' });
  });

  it('refuses what is no JSON, and an answer that is too large', async () => {
    const raw = await linkOf(client).nc.request('mesh.ctl.host.echo', '{no');
    expect(raw.headers?.get('Nats-Service-Error-Code')).toBe('400');
    expect(raw.headers?.get('Nats-Service-Error')).toContain('MESH_CONTROL_INVALID');
    expect(raw.json()).toMatchObject({ error: { code: 'MESH_CONTROL_INVALID' } });
    expect(await failure(requestControl(client, 'host', 'huge'))).toMatchObject({ code: 'MESH_MESSAGE_TOO_LARGE' });
  });

  it('says who does not answer', async () => {
    const started = performance.now();
    const nobody = await failure(requestControl(client, 'publisher', 'status'));
    expect(nobody).toMatchObject({ code: 'MESH_NATS_NO_ANSWER' });
    expect(nobody.what).toContain('mesh.ctl.publisher.status');
    expect(performance.now() - started).toBeLessThan(1_000);
    const slow = await failure(requestControl(client, 'host', 'later', undefined, { timeoutMs: 50 }));
    expect(slow).toMatchObject({ code: 'MESH_NATS_NO_ANSWER' });
  });
});

describe('the service protocol (ADR-32)', () => {
  const ask = async (subject: string): Promise<Record<string, unknown>> =>
    (await linkOf(client).nc.request(subject, '')).json<Record<string, unknown>>();

  it('answers PING, INFO and STATS under all three names', async () => {
    const ping = await ask('$SRV.PING');
    expect(ping).toEqual({
      type: 'io.nats.micro.v1.ping_response',
      name: 'mesh-host',
      id: expect.stringMatching(/^\w{10,}$/) as string,
      version: '1.2.3',
      metadata: { app: 'host' },
    });
    const { type: _, ...identity } = ping;
    for (const suffix of ['', '.mesh-host', `.mesh-host.${String(ping['id'])}`]) {
      expect(await ask(`$SRV.PING${suffix}`)).toEqual(ping);
      expect(await ask(`$SRV.INFO${suffix}`)).toMatchObject({ ...identity, type: 'io.nats.micro.v1.info_response' });
      expect(await ask(`$SRV.STATS${suffix}`)).toMatchObject({ ...identity, type: 'io.nats.micro.v1.stats_response' });
    }
  });

  it('describes its endpoints and counts what happens to them', async () => {
    const info = await ask('$SRV.INFO.mesh-host');
    expect(info['description']).toBe('The host of the CRM mesh');
    expect(info['endpoints']).toContainEqual({
      name: 'status',
      subject: 'mesh.ctl.host.status',
      queue_group: 'q',
      metadata: {},
    });
    const stats = async (endpoint: string): Promise<Record<string, unknown>> => {
      const endpoints = (await ask('$SRV.STATS.mesh-host'))['endpoints'] as Record<string, unknown>[];
      return endpoints.find(({ name }) => name === endpoint)!;
    };
    expect(await stats('refuse')).toMatchObject({
      num_requests: 3,
      num_errors: 3,
      last_error: 'MESH_PLUGIN_INVALID: There is no plugin nope.\nIndeed.',
    });
    await requestControl(client, 'host', 'later');
    expect(await stats('later')).toMatchObject({ num_errors: 0, last_error: '' });
    expect((await stats('later'))['average_processing_time']).toBeGreaterThan(190e6);
  });

  const hasCli = spawnSync('nats', ['--version']).error === undefined;
  it.runIf(hasCli)('is what the nats CLI lists and asks', async () => {
    const env = { ...process.env, XDG_CONFIG_HOME: tmpdir() };
    const run = (...args: string[]): Promise<{ stdout: string }> =>
      promisify(execFile)('nats', ['--server', server.url, ...args], { env });
    const { stdout: listed } = await run('service', 'ls');
    expect(listed).toContain('mesh-host');
    expect(listed).toContain('1.2.3');
    const { stdout: info } = await run('service', 'info', 'mesh-host');
    expect(info).toContain('mesh.ctl.host.status');
    const { stdout: answer } = await run('request', '--raw', 'mesh.ctl.host.status', '');
    expect(JSON.parse(answer)).toEqual({ app: 'host', subject: 'mesh.ctl.host.status' });
  });
});

describe('the strategy', () => {
  it('stands beside HTTP in one app', async () => {
    const http = await NestFactory.create(ControlModule, new FastifyAdapter(), { logger: false });
    connectControl(http, new JetStreamStrategy({ nats, app: 'hybrid', version: '1.0.0' }));
    await http.startAllMicroservices();
    await http.init();
    expect(await requestControl(client, 'hybrid', 'status')).toMatchObject({ subject: 'mesh.ctl.hybrid.status' });
    const error = await failure(requestControl(client, 'hybrid', 'refuse', 'async'));
    expect(error).toMatchObject({ code: 'MESH_PLUGIN_INVALID' });
    await http.close();
    expect(await failure(requestControl(client, 'hybrid', 'status'))).toMatchObject({ code: 'MESH_NATS_NO_ANSWER' });
    expect(nats.connected).toBe(true);
  });

  it('shares requests among instances, and answers what is under way when it stops', async () => {
    const second = await startApp(ControlModule);
    const pings = await linkOf(client).nc.requestMany('$SRV.PING.mesh-host', '', { maxWait: 300 });
    const ids = new Set<string>();
    for await (const ping of pings) ids.add(ping.json<{ id: string }>().id);
    expect(ids.size).toBe(2);
    const asked = Array.from({ length: 20 }, () => requestControl(client, 'host', 'later'));
    await client.flush();
    await second.close();
    expect(await Promise.all(asked)).toEqual(Array.from({ length: 20 }, () => ({ later: true })));
    expect(nats.connected).toBe(true);
  });

  it('goes on after a reconnect', async () => {
    await server.kill();
    await server.restart();
    await expect.poll(() => nats.connected && client.connected, { timeout: 10_000 }).toBe(true);
    await expect
      .poll(() => requestControl(client, 'host', 'status').catch(() => undefined), { timeout: 5_000 })
      .toBeDefined();
  });

  it('refuses event handlers loudly', async () => {
    @Controller()
    class Events {
      @EventPattern('deal.won')
      take(event: unknown): unknown {
        return event;
      }
    }
    @Module({ controllers: [Events] })
    class EventsModule {}
    await expect(startApp(EventsModule)).rejects.toThrow("@EventPattern('deal.won') cannot be served");
  });

  it('refuses patterns that are no verbs, and verbs that stand twice', async () => {
    @Controller()
    class Objects {
      @MessagePattern({ cmd: 'status' })
      take(): object {
        return {};
      }
    }
    @Module({ controllers: [Objects] })
    class ObjectsModule {}
    await expect(startApp(ObjectsModule)).rejects.toThrow('is no verb');
    @Controller()
    class Twice {
      @MessagePattern('status')
      take(): void {
        return undefined;
      }
    }
    @Module({ controllers: [ControlPlane, Twice] })
    class TwiceModule {}
    await expect(startApp(TwiceModule)).rejects.toThrow('stands on two handlers');
  });
});
