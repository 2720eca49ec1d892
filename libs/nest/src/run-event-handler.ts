import type { MeshEvent } from '@crm-mesh/contract';
import { classifyError, type Verdict } from '@crm-mesh/sdk/running';
import { RpcException, type MessageHandler } from '@nestjs/microservices';
import { isObservable, type Observable } from 'rxjs';
import type { MeshContext } from './mesh-context.js';

/** Runs a handler once, with its guards, pipes, interceptors and filters. Never rejects. */
export async function runEventHandler(
  handler: MessageHandler,
  event: MeshEvent,
  context: MeshContext,
): Promise<Verdict> {
  try {
    // Whatever is thrown inside comes as a *resolved* promise of an Observable that errors: only following it shows that.
    const result: unknown = await handler(event, context);
    if (isObservable(result)) await complete(result, context.signal);
    return { kind: 'done' };
  } catch (error) {
    return classifyError(readError(error), context.signal);
  }
}

/** What a handler returned is followed to its end, or left when the time is up. */
function complete(result: Observable<unknown>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      subscription.unsubscribe();
      reject(signal.reason as Error);
    };
    const settle = (end: () => void): void => {
      signal.removeEventListener('abort', abort);
      end();
    };
    const subscription = result.subscribe({
      error: (error: Error) => settle(() => reject(error)),
      complete: () => settle(resolve),
    });
    if (subscription.closed) return;
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}

/** Nest gives it no name, by which dead letters are grouped. */
function nameRpc(error: Error): Error {
  if (error instanceof RpcException && error.name === 'Error') error.name = 'RpcException';
  return error;
}

/** An RpcException may carry the error that is meant; a filter may answer with a plain object. */
function readError(error: unknown): Error {
  const meant = error instanceof RpcException ? error.getError() : error;
  if (meant instanceof Error) return meant;
  if (error instanceof Error) return nameRpc(error);
  const { message }: { message?: unknown } = typeof meant === 'object' && meant !== null ? meant : {};
  return new Error(String(message ?? meant));
}
