import { describe, expect, it } from 'vitest';
import type { Store } from '@crm-mesh/store';
import { keepRefreshTokens } from '../../../apps/publisher/src/connections/refresh-tokens.js';

export function describeRefreshTokenRows(getStore: () => Store): void {
  describe('refresh tokens', () => {
    const keep = (name: string) => keepRefreshTokens(getStore(), { tenant: 'acme', name }, () => 1);

    it('are the newest of each connection and each configured token', async () => {
      await keep('crm').save('configured', 'first ä');
      await keep('crm').save('configured', 'second ä');
      await keep('crm').save('configured anew', 'third');
      expect(await keep('crm').read('configured')).toBe('second ä');
      expect(await keep('crm').read('configured anew')).toBe('third');
      expect(await keep('crm').read('never configured')).toBeUndefined();
      expect(await keep('shop').read('configured')).toBeUndefined();
    });

    it('are not readable in the database, nor in another row of it', async () => {
      const store = getStore();
      await keep('crm').save('configured-token', 'newest-token');
      await keep('shop').save('configured-token', 'newest-token');
      const rows = await store.read<{ sealed: string }>('SELECT * FROM publisher_refresh_tokens');
      expect(new Set(rows.map(({ sealed }) => sealed)).size).toBe(2);
      const bytes = rows.map(({ sealed }) => Buffer.from(sealed, 'base64').toString('latin1'));
      expect(JSON.stringify([rows, bytes])).not.toMatch(/configured-token|newest-token/);
      await store.write((tx) =>
        tx.run(
          `UPDATE publisher_refresh_tokens SET sealed =
           (SELECT sealed FROM publisher_refresh_tokens WHERE connection = 'crm') WHERE connection = 'shop'`,
        ),
      );
      await expect(keep('shop').read('configured-token')).rejects.toThrow('unable to authenticate');
    });
  });
}
