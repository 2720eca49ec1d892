/** What Salesforce answers instead of a result. Shown as an array of one. */
export class SalesforceError extends Error {
  override readonly name = 'SalesforceError';

  constructor(
    readonly status: number,
    readonly errorCode: string,
    message: string,
    readonly fields?: readonly string[],
  ) {
    super(message);
  }
}

export function notFound(message = 'The requested resource does not exist'): SalesforceError {
  return new SalesforceError(404, 'NOT_FOUND', message);
}

export function refuse(errorCode: string, message: string, fields?: readonly string[]): SalesforceError {
  return new SalesforceError(400, errorCode, message, fields);
}
