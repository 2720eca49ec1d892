import type { Registration } from '../options.js';

export interface Answer {
  status?: number;
  error?: string;
}

/** Never throws: no answer is an answer too. */
export async function postWebhook(to: Registration, body: string, timeoutMs: number): Promise<Answer> {
  const credentials = Buffer.from(`${to.user ?? ''}:${to.password ?? ''}`).toString('base64');
  try {
    const response = await fetch(to.subscriptionUrl, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'user-agent': 'Pipedrive Webhooks (crm-mesh sandbox)',
        ...(to.user !== undefined && { authorization: `Basic ${credentials}` }),
      },
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    await response.body?.cancel();
    return { status: response.status };
  } catch (error) {
    return { error: error instanceof Error ? error.name : String(error) };
  }
}
