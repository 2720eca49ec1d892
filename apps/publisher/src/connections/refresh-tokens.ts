import type { RefreshTokenStore } from '@crm-mesh/sources';
import type { Store } from '@crm-mesh/store';
import { fingerprintOf, openToken, sealToken } from './seal-token.js';

/** A connection's newest refresh token, in the publisher's store. A newly configured one has no row yet, and so wins. */
export function keepRefreshTokens(
  store: Store,
  { tenant, name }: { tenant: string; name: string },
  now: () => number,
): RefreshTokenStore {
  const keyOf = (configured: string): string[] => [tenant, name, fingerprintOf(configured)];
  const place = `${tenant}/${name}`;
  return {
    async read(configured) {
      const [row] = await store.read<{ sealed: string }>(
        'SELECT sealed FROM publisher_refresh_tokens WHERE tenant = ? AND connection = ? AND configured = ?',
        keyOf(configured),
      );
      return row && openToken(row.sealed, configured, place);
    },
    async save(configured, newest) {
      await store.write((tx) =>
        tx.run(
          `INSERT INTO publisher_refresh_tokens (tenant, connection, configured, sealed, saved_ms) VALUES (?, ?, ?, ?, ?)
           ON CONFLICT (tenant, connection, configured) DO UPDATE SET sealed = excluded.sealed, saved_ms = excluded.saved_ms`,
          [...keyOf(configured), sealToken(newest, configured, place), now()],
        ),
      );
    },
  };
}
