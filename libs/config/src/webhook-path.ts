import type { ConnectionConfig } from './mesh-config.js';

/** The path of a connection's webhooks, as the CRM is told it: with its secret, where it has one. */
export function formatWebhookPath({
  tenant,
  name,
  access,
}: Pick<ConnectionConfig, 'tenant' | 'name' | 'access'>): string {
  const path = `/webhooks/${encodeURIComponent(tenant)}/${encodeURIComponent(name)}`;
  // Nothing in it needs encoding, and the CRM was told it as it is.
  return access?.secretPath === undefined ? path : `${path}/${access.secretPath}`;
}
