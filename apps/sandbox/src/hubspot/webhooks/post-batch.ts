import { signRequest, type OutgoingRequest } from './sign-request.js';

export interface Answer {
  status?: number;
  error?: string;
}

export interface Posting {
  request: OutgoingRequest;
  clientSecret: string;
  timeoutMs: number;
}

/** Never throws: no answer is an answer too. Redirects are not followed: HubSpot takes nothing but 2xx. */
export async function postBatch(targetUrl: string, { request, clientSecret, timeoutMs }: Posting): Promise<Answer> {
  try {
    const response = await fetch(targetUrl, {
      method: request.method,
      headers: {
        'content-type': 'application/json',
        'user-agent': 'HubSpot Connect 2.0 (crm-mesh sandbox)',
        ...signRequest(request, clientSecret),
      },
      body: request.body,
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    await response.body?.cancel();
    return { status: response.status };
  } catch (error) {
    return { error: nameError(error) };
  }
}

function nameError(error: unknown): string {
  const { name, cause } = error instanceof Error ? error : new Error(String(error));
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined;
  return name === 'TimeoutError' ? 'timeout' : (code ?? name);
}
