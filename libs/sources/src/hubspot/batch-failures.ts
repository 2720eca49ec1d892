import { isObject, readId } from '@crm-mesh/sdk/kit';

/** What HubSpot could not read of a batch (207). */
interface Failure {
  category: string;
  ids: string[];
}

/**
 * Errors by id for what HubSpot says that it could not read. What does not exist is no error. A failure that names nobody
 * may be about any of `asked` that was not `found`: none of them may be taken for one that does not exist.
 */
export function listErrors(
  answer: unknown,
  batch: { what: string; asked: readonly string[]; found: ReadonlySet<string> },
): Map<string, Error> {
  const failures = listFailures(answer);
  const missing = new Set(failures.filter(isNotFound).flatMap(({ ids }) => ids));
  const unexplained = batch.asked.filter((id) => !batch.found.has(id) && !missing.has(id));
  const errors = new Map<string, Error>();
  for (const failure of failures) {
    if (isNotFound(failure)) continue;
    const concerned = failure.ids.length > 0 ? failure.ids : unexplained;
    for (const id of concerned) errors.set(id, new Error(`HubSpot could not read ${batch.what}: ${failure.category}.`));
  }
  return errors;
}

const isNotFound = ({ category }: Failure): boolean => category === 'OBJECT_NOT_FOUND';

function listFailures(answer: unknown): Failure[] {
  const errors = isObject(answer) && Array.isArray(answer.errors) ? (answer.errors as unknown[]) : [];
  return errors.filter(isObject).map((error) => {
    const ids = isObject(error.context) ? (error.context.ids ?? error.context.fromObjectId) : undefined;
    return {
      category: typeof error.category === 'string' ? error.category : 'no category',
      ids: Array.isArray(ids) ? ids.flatMap((id: unknown) => readId(id) ?? []) : [],
    };
  });
}
