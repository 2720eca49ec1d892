import { MeshError } from '@crm-mesh/contract';
import { openPostgres } from './postgres-store.js';
import { openSqlite } from './sqlite-store.js';
import type { Store, StoreOptions } from './store.js';

/** Opens (creating an SQLite file and its folder) and migrates. Throws MESH_STORE_*. */
export async function openStore(options: StoreOptions): Promise<Store> {
  if (options.url.startsWith('sqlite:')) return openSqlite(options.url.slice('sqlite:'.length), options);
  if (/^postgres(ql)?:\/\//.test(options.url)) return openPostgres(options);
  const scheme = options.url.split(':')[0];
  throw new MeshError(
    'MESH_STORE_UNAVAILABLE',
    `The store's address begins with "${scheme}:", which is none we know.`,
    {
      cure: 'Write sqlite:<file> or postgres://user:password@host/database.',
    },
  );
}
