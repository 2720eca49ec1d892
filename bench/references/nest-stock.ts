// Nest + Fastify as its documentation has it: a controller that awaits stock js.publish, without checks; or stores nothing.
import 'reflect-metadata';
import { jetstream, type JetStreamClient } from '@nats-io/jetstream';
import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import { Body, Controller, Headers, HttpCode, Module, Param, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { serveWorker } from '../src/serve-worker.js';
import { WEBHOOK_PATH } from '../src/webhooks.js';

let app: NestFastifyApplication;
let nc: NatsConnection | undefined;
let js: JetStreamClient | undefined;

interface Posted {
  data: { id: string };
}

@Controller('webhooks')
class StockController {
  @Post(':tenant/:connection')
  @HttpCode(202)
  async take(
    @Param() { tenant, connection }: { tenant: string; connection: string },
    @Body() body: Posted,
    @Headers('webhook-id') messageId: string,
  ): Promise<{ accepted: number }> {
    if (js !== undefined) {
      const own = headers();
      own.set('content-type', 'application/json');
      const subject = `raw.${tenant}.${connection}.deal.${body.data.id}`;
      await js.publish(subject, JSON.stringify(body), { msgID: messageId, headers: own });
    }
    return { accepted: 1 };
  }
}

@Module({ controllers: [StockController] })
class StockModule {}

serveWorker({
  /** Without `natsUrl` nothing is stored. */
  open: async ({ natsUrl }: { natsUrl?: string }) => {
    if (natsUrl !== undefined) {
      nc = await connect({ servers: natsUrl, noAsyncTraces: true });
      js = jetstream(nc);
    }
    app = await NestFactory.create<NestFastifyApplication>(StockModule, new FastifyAdapter(), { logger: false });
    await app.listen(0, '127.0.0.1');
    return (await app.getUrl()).replace('[::1]', '127.0.0.1') + WEBHOOK_PATH;
  },
  stop: async () => {
    await app.close();
    await nc?.close();
  },
});
