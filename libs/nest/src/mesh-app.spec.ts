import { setTimeout as pauseFor } from 'node:timers/promises';
import { Controller, Injectable, Module, Scope, type OnApplicationShutdown } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  Ctx,
  EventPattern as NestEventPattern,
  MessagePattern,
  Payload,
  type MicroserviceOptions,
} from '@nestjs/microservices';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { connectNats, ensureStreams, requestControl } from '@crm-mesh/jetstream';
import { startTcpProxy, startTestNats } from '@crm-mesh/testing';
import { connectMesh, createMeshApp, EventPattern, MESH, MeshContext, type MeshEvent } from './index.js';
import {
  createStrategy,
  hold,
  lines,
  moduleOf,
  named,
  nats,
  outcomesOf,
  server,
  startApp,
  tell,
  until,
  useServer,
} from './nest-app.fixture.js';

useServer();

describe('an @EventPattern handler', () => {
  it('gets the event, and what is known of its run', async () => {
    const consumer = named('facts');
    const got: [MeshEvent<'deal.won'>, MeshContext][] = [];
    @Controller()
    class Deals {
      @EventPattern('deal.won', { consumer })
      take(@Payload() event: MeshEvent<'deal.won'>, @Ctx() context: MeshContext): void {
        got.push([event, context]);
      }
    }
    await startApp([Deals]);
    const event = await tell('1');
    await until(() => expect(got).toHaveLength(1));
    const [[received, context]] = got as [(typeof got)[0]];
    expect(received).toEqual(event);
    expect(context.subject).toMatch(/^crm\..*\.hubspot\.deal\.won\.1$/);
    expect(context).toMatchObject({ attempt: 1, idempotencyKey: `${consumer}:${event.id}` });
    expect(context.sequence).toBe((await nats.getLastMessage('CRM_EVENTS', context.subject))?.sequence);
    expect(context.signal.aborted).toBe(false);
    const durable = await nats.durableState('CRM_EVENTS', consumer);
    expect(durable?.metadata).toMatchObject({ owner: 'crm-mesh', app: 'billing', events: 'deal.won' });
  });

  it('is done when what it returned is complete, and what comes behind waits for it', async () => {
    const consumer = named('complete');
    const steps: string[] = [];
    @Controller()
    class Deals {
      @EventPattern('deal.*', { consumer })
      take(@Payload() event: MeshEvent<'deal.*'>): Observable<number> {
        const version = event.recordversion;
        return new Observable((subscriber) => {
          steps.push(`begun ${version}`);
          subscriber.next(1);
          setTimeout(() => {
            steps.push(`done ${version}`);
            subscriber.complete();
          }, 50);
        });
      }
    }
    await startApp([Deals]);
    await tell('1', 'deal.updated', 1);
    await tell('1', 'deal.won', 2);
    await until(() => expect(steps).toEqual(['begun 1', 'done 1', 'begun 2', 'done 2']));
    await until(() => expect(outcomesOf(consumer, '1')).toMatchObject([{ result: 'acked' }, { result: 'acked' }]));
  });

  it('whose Observable never ends is left when its time is up', async () => {
    const consumer = named('endless');
    let left = 0;
    @Controller()
    class Deals {
      @EventPattern('deal.won', { consumer, delivery: { timeoutMs: 50, maxAttempts: 1 } })
      take(): Observable<number> {
        return new Observable(() => () => left++);
      }
    }
    await startApp([Deals]);
    await tell('1');
    await until(() =>
      expect(outcomesOf(consumer, '1')).toMatchObject([{ result: 'buried', error: { name: 'TimeoutError' } }]),
    );
    expect(left).toBe(1);
  });

  it('may take several patterns, share its consumer with others, and be request-scoped', async () => {
    const consumer = named('shared');
    const got: string[] = [];
    let instances = 0;
    @Injectable({ scope: Scope.REQUEST })
    class Scoped {
      readonly number = ++instances;
    }
    @Controller()
    class Deals {
      constructor(private readonly scoped: Scoped) {}
      @EventPattern(['deal.won', 'deal.lost'], { consumer, delivery: { concurrency: 2 } })
      close(@Payload() event: MeshEvent<'deal.won' | 'deal.lost'>): void {
        got.push(`close ${event.data.id} ${this.scoped.number}`);
      }
    }
    @Controller()
    class Updates {
      @EventPattern('deal.updated', { consumer })
      update(@Payload() event: MeshEvent<'deal.updated'>): void {
        got.push(`update ${event.data.id}`);
      }
    }
    @Module({ controllers: [Deals, Updates], providers: [Scoped] })
    class Shared {}
    const app = hold(await createMeshApp(Shared, createStrategy(), { logger: false, abortOnError: false }));
    await app.listen();
    await tell('1', 'deal.won', 1);
    await until(() => expect(got).toHaveLength(1));
    await tell('1', 'deal.updated', 2);
    await until(() => expect(got).toHaveLength(2));
    await tell('1', 'deal.won', 3);
    await until(() => expect(got).toEqual(['close 1 1', 'update 1', 'close 1 2']));
  });
});

describe('an app', () => {
  it('answers requests and consumes on one connection, beside HTTP', async () => {
    const consumer = named('both');
    const got: string[] = [];
    @Controller()
    class Both {
      @MessagePattern('status', MESH)
      status(): object {
        return { got };
      }
      // As Nest has it; of its own types a context is none.
      @NestEventPattern<unknown>('deal.won', { consumer })
      take(@Payload() event: MeshEvent<'deal.won'>, @Ctx() context: MeshContext): void {
        got.push(`${event.data.id} ${context.attempt}`);
      }
    }
    const before = await countConnections();
    const http = hold(await NestFactory.create(moduleOf(Both), new FastifyAdapter(), { logger: false }));
    const mesh = createStrategy({ app: 'both' });
    connectMesh(http, mesh);
    expect(mesh.whyNotReady()).toBe('the app does not listen yet');
    await http.startAllMicroservices();
    await http.init();
    expect(mesh.whyNotReady()).toBeUndefined();
    expect((await countConnections()) - before).toBe(1);
    await tell('7');
    await until(async () => expect(await requestControl(nats, 'both', 'status')).toEqual({ got: ['7 1'] }));
    expect(mesh.consumers()).toMatchObject([{ name: consumer, state: 'running', acked: 1 }]);
    expect(await mesh.metrics.registry.metrics()).toContain('mesh_delivery');
  });

  it('lets running handlers end at a stop, gives the rest back, and goes on where it was', async () => {
    const consumer = named('stop');
    const ended: string[] = [];
    let begun = 0;
    let shutDownAfter: number | undefined;
    @Controller()
    class Deals implements OnApplicationShutdown {
      @EventPattern('deal.won', { consumer, delivery: { concurrency: 1 } })
      async take(@Payload() event: MeshEvent<'deal.won'>): Promise<void> {
        begun++;
        await pauseFor(200);
        ended.push(event.data.id);
      }
      onApplicationShutdown(): void {
        shutDownAfter ??= ended.length;
      }
    }
    const app = await startApp([Deals]);
    for (const id of ['1', '2', '3']) await tell(id);
    await until(() => expect(begun).toBe(1));
    await app.close();
    expect(ended).toEqual(['1']);
    expect(shutDownAfter).toBe(1);
    await startApp([Deals]);
    await until(() => expect(ended.toSorted()).toEqual(['1', '2', '3']));
  });

  it('starts while NATS is away, says so, and consumes when it comes', { timeout: 60_000 }, async () => {
    const got: string[] = [];
    @Controller()
    class Deals {
      @EventPattern('deal.won', { consumer: named('early') })
      take(@Payload() event: MeshEvent<'deal.won'>): void {
        got.push(event.data.id);
      }
    }
    const proxy = await startTcpProxy(server.port);
    proxy.refuse();
    const mesh = createStrategy({ nats: { url: proxy.url } });
    const app = await startApp([Deals], mesh);
    expect(mesh.whyNotReady()).toBe('NATS is not connected yet');
    expect(lines).toContainEqual(expect.objectContaining({ msg: 'started without the mesh, which is waited for' }));
    proxy.allow();
    await until(() => expect(mesh.whyNotReady()).toBeUndefined());
    await tell('9');
    await until(() => expect(got).toEqual(['9']));
    await app.close();
    await proxy.stop();
  });

  it('waits for the streams, which others make', { timeout: 60_000 }, async () => {
    @Controller()
    class Deals {
      @EventPattern('deal.won', { consumer: 'streamless' })
      take(): void {
        return undefined;
      }
    }
    const empty = await startTestNats();
    const mesh = createStrategy({ nats: { url: empty.url } });
    const app = await startApp([Deals], mesh);
    expect(mesh.whyNotReady()).toMatch(/CRM_EVENTS/);
    const owner = await connectNats({ name: 'owner', url: empty.url });
    await ensureStreams(owner);
    await until(() => expect(mesh.whyNotReady()).toBeUndefined());
    await app.close();
    await owner.close();
    await empty.stop();
  });

  it('is refused where its errors would lose their class', async () => {
    const strategy = createStrategy();
    const app = hold(
      await NestFactory.createMicroservice<MicroserviceOptions>(moduleOf(), { strategy, logger: false }),
    );
    await expect(app.listen()).rejects.toThrow('createMeshApp(AppModule, mesh)');
  });

  it('is refused where two handlers want the same events under one name, and names both', async () => {
    const consumer = named('twice');
    @Controller()
    class Deals {
      @EventPattern('deal.won', { consumer })
      onWon(): void {
        return undefined;
      }
    }
    @Controller()
    class Others {
      @NestEventPattern<unknown>('deal.*', { consumer })
      take(): void {
        return undefined;
      }
    }
    const both = 'Deals.onWon (deal.won) and Others.take (deal.*)';
    await expect(startApp([Deals, Others])).rejects.toThrow(`consumer "${consumer}" is on ${both}`);
    await startApp([Deals]);
    const foreign = startApp([Deals], createStrategy({ app: 'accounting' }));
    await expect(foreign).rejects.toThrow(`The durable "${consumer}" belongs to the app "billing".`);
  });

  it.each([
    ['no store', { store: undefined }, "Write store: 'sqlite:billing.db'"],
    ["the host's name", { app: 'host' }, '"host" is one of the mesh itself'],
  ])('is refused with %s', async (_, options, told) => {
    @Controller()
    class Deals {
      @EventPattern('deal.won', { consumer: 'unstored' })
      take(): void {
        return undefined;
      }
    }
    await expect((async () => startApp([Deals], createStrategy(options)))()).rejects.toThrow(told);
  });

  it('is refused when its login is', async () => {
    const mesh = createStrategy({
      nats: { url: server.url.replace('nats://', 'nats://who:where@'), credsFile: '/nowhere' },
    });
    await expect(startApp([], mesh)).rejects.toThrow('MESH_NATS_');
  });
});

async function countConnections(): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${server.monitorPort}/connz`);
  return ((await response.json()) as { num_connections: number }).num_connections;
}
