import { CrmError } from '../../crm/crm-error.js';

/** What one input of a batch came to nothing for. */
export interface BatchError {
  status: 'error';
  category: string;
  subCategory?: string;
  message: string;
  context: Readonly<Record<string, readonly string[]>>;
}

export interface BatchResult<T> {
  status: 'COMPLETE';
  results: T[];
  startedAt: string;
  completedAt: string;
  numErrors?: number;
  errors?: BatchError[];
}

export function describeBatch<T>(results: T[], errors: BatchError[], atMs: number): BatchResult<T> {
  const at = new Date(atMs).toISOString();
  const failed = errors.length > 0 && { numErrors: errors.length, errors };
  return { status: 'COMPLETE', results, startedAt: at, completedAt: at, ...failed };
}

/** One error for all ids that do not exist. */
export function describeMissing(ids: readonly string[]): BatchError[] {
  if (ids.length === 0) return [];
  return [
    {
      status: 'error',
      category: 'OBJECT_NOT_FOUND',
      message: 'Could not get some objects, they may be deleted or not exist. Check that ids are valid.',
      context: { ids },
    },
  ];
}

/** The client finds its input by the trace id that it gave. */
export function describeFailure(error: unknown, traceId: string | undefined): BatchError {
  if (!(error instanceof CrmError)) throw error;
  const { category, message, context } = error;
  return {
    status: 'error',
    category,
    message,
    context: { ...context, ...(traceId !== undefined && { objectWriteTraceId: [traceId] }) },
  };
}

/** All went well: the code of the verb; else 207. */
export function statusOf(result: BatchResult<unknown>, good: 200 | 201): number {
  return result.errors ? 207 : good;
}
