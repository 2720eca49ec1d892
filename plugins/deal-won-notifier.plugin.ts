import { definePlugin, errorFromResponse, Unavailable } from '@crm-mesh/sdk';
import { IsString, IsUrl, Matches } from 'class-validator';
import { Webhook } from 'standardwebhooks';

class Config {
  /** Where deals are told. */
  @IsUrl({ require_tld: false, require_protocol: true, protocols: ['http', 'https'] })
  webhookUrl!: string;

  /** The Standard Webhooks secret that the receiver knows too. */
  @IsString()
  @Matches(/^whsec_[A-Za-z0-9+/]{32,}={0,2}$/, { message: 'secret must be whsec_ and at least 24 bytes in base64' })
  secret!: string;
}

export default definePlugin({
  name: 'deal-won-notifier',
  description: 'Tells each won deal to a web address, signed by Standard Webhooks.',
  events: ['deal.won'],
  config: Config,
  delivery: { timeoutMs: 10_000 },
  async handle(event, { config, signal, idempotencyKey, log }) {
    const { changes: _, ...deal } = event.data;
    const body = JSON.stringify({ type: 'deal.won', timestamp: event.time, data: deal });
    const now = new Date();
    const headers = {
      'content-type': 'application/json',
      'webhook-id': idempotencyKey,
      'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
      'webhook-signature': new Webhook(config.secret).sign(idempotencyKey, now, body),
    };
    const response = await post(config.webhookUrl, { body, headers, signal });
    await response.body?.cancel();
    if (!response.ok) throw errorFromResponse(response);
    log.debug({ status: response.status }, 'told');
  },
});

/** A receiver that cannot be reached is down: that is no fault of the event. */
async function post(url: string, request: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...request, method: 'POST', redirect: 'manual' });
  } catch (error) {
    throw new Unavailable('the receiver cannot be reached', { cause: error });
  }
}
