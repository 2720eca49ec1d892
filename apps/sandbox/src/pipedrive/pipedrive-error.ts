/** What Pipedrive answers instead of a result. */
export class PipedriveError extends Error {
  override readonly name = 'PipedriveError';

  constructor(
    readonly status: number,
    message: string,
    /** Cloudflare stands before the API, and answers with a page. */
    readonly html = false,
  ) {
    super(message);
  }
}

export function refuse(message: string): PipedriveError {
  return new PipedriveError(400, message);
}

export function notFound(entity: string): PipedriveError {
  return new PipedriveError(404, `${entity} not found`);
}
