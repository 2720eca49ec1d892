import type { Store, Transaction } from '@crm-mesh/store';

/** A state with a revision, which goes up with each change. */
export interface KeptState<State> {
  /** 0: there is none yet. */
  revision: number;
  state: State | undefined;
}

/** Somebody else has changed it meanwhile: what was read counts no more. */
export class StateMoved extends Error {
  override readonly name = 'StateMoved';
}

/** One up; resolves to the new one. Who does so first shuts the others out until the transaction ends. */
export async function raiseRevision(transaction: Transaction, name: string): Promise<number> {
  const [row] = await transaction.all<{ revision: number | string }>(
    'INSERT INTO ledger_state AS kept (name, revision) VALUES (?, 1) ' +
      'ON CONFLICT (name) DO UPDATE SET revision = kept.revision + 1 RETURNING revision',
    [name],
  );
  return Number(row!.revision);
}

export async function readState<State>(source: Pick<Transaction, 'all'>, name: string): Promise<KeptState<State>> {
  const [row] = await source.all<{ revision: number | string; state: string | null }>(
    'SELECT revision, state FROM ledger_state WHERE name = ?',
    [name],
  );
  if (!row) return { revision: 0, state: undefined };
  return { revision: Number(row.revision), state: row.state === null ? undefined : (JSON.parse(row.state) as State) };
}

/** Over the one that was read; throws {@link StateMoved} where that is not what is there. */
export async function saveState<State>(
  transaction: Transaction,
  name: string,
  { revision, state }: KeptState<State>,
): Promise<void> {
  const found = await raiseRevision(transaction, name);
  if (found !== revision + 1) throw new StateMoved(`${name} has moved on`);
  await transaction.run('UPDATE ledger_state SET state = ? WHERE name = ?', [JSON.stringify(state), name]);
}

/** For what reads outside of a transaction. */
export const readerOf = (store: Store): Pick<Transaction, 'all'> => ({ all: (sql, values) => store.read(sql, values) });
