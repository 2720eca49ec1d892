/** What HubSpot answers instead of a result. */
export class CrmError extends Error {
  override readonly name = 'CrmError';

  constructor(
    readonly status: number,
    readonly category: string,
    message: string,
    readonly context?: Readonly<Record<string, readonly string[]>>,
  ) {
    super(message);
  }
}

export function notFound(id: string): CrmError {
  return new CrmError(404, 'OBJECT_NOT_FOUND', 'resource not found', { ids: [id] });
}

export function invalid(message: string): CrmError {
  return new CrmError(400, 'VALIDATION_ERROR', message);
}
