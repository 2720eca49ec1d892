import {
  Catch,
  Controller,
  Injectable,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
  type RpcExceptionFilter,
  type Type,
} from '@nestjs/common';
import { Ctx, Payload, RpcException } from '@nestjs/microservices';
import { concat, of, throwError, type Observable } from 'rxjs';
import { expect, it } from 'vitest';
import { EventPattern, MeshContext, PermanentError, RetryLater, Unavailable, type MeshEvent } from './index.js';
import { named, outcomesOf, readDeadLetters, startApp, tell, until, useServer } from './nest-app.fixture.js';

useServer();

const PLACES = ['guard', 'pipe', 'interceptor', 'behind', 'sync', 'async', 'observable', 'later'] as const;
type Place = (typeof PLACES)[number];

const ERRORS = {
  PermanentError: () => new PermanentError('not ever'),
  RetryLater: () => new RetryLater(25, 'not now'),
  Unavailable: () => new Unavailable('nobody there'),
  TypeError: () => new TypeError('x is undefined'),
  RpcException: () => new RpcException('refused'),
  'PermanentError in an RpcException': () => new RpcException(new PermanentError('not ever')),
};

/** Fails once at each place: the record's id says where. */
function createController(consumer: string, makeError: () => Error): Type {
  const failed = new Set<string>();
  const failAt = (place: Place, event: MeshEvent): void => {
    if (event.data.id !== place || failed.has(place)) return;
    failed.add(place);
    throw makeError();
  };

  @Injectable()
  class Guard implements CanActivate {
    canActivate(context: ExecutionContext): boolean {
      failAt('guard', context.switchToRpc().getData<MeshEvent>());
      return true;
    }
  }
  @Injectable()
  class Pipe implements PipeTransform {
    transform(value: MeshEvent | MeshContext): unknown {
      if (!(value instanceof MeshContext)) failAt('pipe', value);
      return value;
    }
  }
  @Injectable()
  class Interceptor implements NestInterceptor {
    intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
      const event = context.switchToRpc().getData<MeshEvent>();
      failAt('interceptor', event);
      if (event.data.id !== 'behind' || failed.has('behind')) return next.handle();
      failed.add('behind');
      return concat(next.handle(), throwError(makeError));
    }
  }

  @Controller()
  class Deals {
    @UseGuards(Guard)
    @UsePipes(Pipe)
    @UseInterceptors(Interceptor)
    @EventPattern('deal.won', { consumer, delivery: { maxAttempts: 2, backoff: { initialMs: 25, factor: 1 } } })
    take(@Payload() event: MeshEvent<'deal.won'>, @Ctx() context: MeshContext): unknown {
      expect(context).toBeInstanceOf(MeshContext);
      failAt('sync', event);
      const { id } = event.data;
      if (failed.has(id) || !['async', 'observable', 'later'].includes(id)) return undefined;
      failed.add(id);
      if (id === 'async') return Promise.reject(makeError());
      const refused = throwError(makeError);
      return id === 'later' ? Promise.resolve(concat(of(1, 2), refused)) : refused;
    }
  }
  return Deals;
}

@Catch(TypeError)
class Forgive implements RpcExceptionFilter<TypeError> {
  catch(): Observable<unknown> {
    return of('never mind');
  }
}
@Catch(RangeError)
class Condemn implements RpcExceptionFilter<RangeError> {
  catch({ message }: RangeError): Observable<never> {
    return throwError(() => new PermanentError(message));
  }
}

it('a filter of the app has the last word', async () => {
  const consumer = named('filtered');
  @Controller()
  @UseFilters(Forgive, Condemn)
  class Deals {
    @EventPattern('deal.won', { consumer })
    take(@Payload() event: MeshEvent<'deal.won'>): void {
      throw event.data.id === 'forgiven' ? new TypeError('oops') : new RangeError('too much');
    }
  }
  await startApp([Deals]);
  for (const id of ['forgiven', 'condemned']) await tell(id);
  await until(() => {
    expect(outcomesOf(consumer, 'forgiven')).toMatchObject([{ result: 'acked' }]);
    expect(outcomesOf(consumer, 'condemned')).toMatchObject([{ result: 'buried', error: { name: 'PermanentError' } }]);
  });
});

it.each([
  ['PermanentError', [{ result: 'buried', attempt: 1 }]],
  [
    'RetryLater',
    [
      { result: 'retried', nextAttemptInMs: 25 },
      { result: 'acked', attempt: 2 },
    ],
  ],
  ['Unavailable', [{ result: 'retried' }, { result: 'acked', attempt: 1 }]],
  ['TypeError', [{ result: 'retried' }, { result: 'acked', attempt: 2 }]],
  ['RpcException', [{ result: 'retried' }, { result: 'acked', attempt: 2 }]],
  ['PermanentError in an RpcException', [{ result: 'buried', attempt: 1 }]],
] as const)('%s keeps its class, wherever it is thrown', { timeout: 60_000 }, async (name, outcomes) => {
  const consumer = named('classes');
  await startApp([createController(consumer, ERRORS[name])]);
  for (const place of PLACES) await tell(place);
  await until(() => {
    for (const place of PLACES) expect([place, outcomesOf(consumer, place)]).toMatchObject([place, outcomes]);
  });
  const thrown = name.split(' ')[0]!;
  for (const place of PLACES)
    expect(outcomesOf(consumer, place)[0]).toMatchObject({
      error: { name: thrown, message: expect.stringMatching(/not|nobody|undefined|refused/) },
    });
  const letters = await readDeadLetters(consumer);
  expect(letters.map(({ error }) => error.name)).toEqual(outcomes.length === 1 ? PLACES.map(() => thrown) : []);
});
