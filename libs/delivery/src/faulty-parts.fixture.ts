import type { Delivery, Nats } from '@crm-mesh/jetstream';
import type { Store, Transaction } from '@crm-mesh/store';

// For the specs of this folder: the real parts, with one fault at a chosen moment.

/** Calls `before` ahead of every write; what it throws is the write's error. */
export function faultyStore(store: Store, before: () => Promise<void> | void): Store {
  return {
    dialect: store.dialect,
    read: store.read.bind(store),
    write: async <Result>(work: (tx: Transaction) => Promise<Result>) => {
      await before();
      return store.write(work);
    },
    close: store.close.bind(store),
  };
}

/** Calls `before` ahead of every read whose statement has the text in it. */
export function slowStore(store: Store, text: string, before: () => Promise<void>): Store {
  return {
    dialect: store.dialect,
    read: async (sql, parameters) => {
      if (sql.includes(text)) await before();
      return store.read(sql, parameters);
    },
    write: store.write.bind(store),
    close: store.close.bind(store),
  };
}

/** Loses, once, the first delivery of a payload on its way. */
export function lossyNats(nats: Nats, payload: string): Nats {
  let lost = false;
  const isLost = (delivery: Delivery): boolean => {
    if (lost || Buffer.from(delivery.data).toString() !== payload) return false;
    lost = true;
    return true;
  };
  return overriding(nats, {
    pull: async (...args) => {
      const pull = await nats.pull(...args);
      return {
        stop: () => pull.stop(),
        nudge: () => pull.nudge(),
        async *[Symbol.asyncIterator]() {
          for await (const delivery of pull) if (!isLost(delivery)) yield delivery;
        },
      };
    },
  });
}

/** Calls `after` when a durable of the stream was looked up. */
export function watchedNats(nats: Nats, stream: string, after: () => Promise<void>): Nats {
  return overriding(nats, {
    durableState: async (asked, name) => {
      const state = await nats.durableState(asked, name);
      if (asked === stream) await after();
      return state;
    },
  });
}

/** The same, but for these. */
export function overriding(nats: Nats, part: Partial<Nats>): Nats {
  return new Proxy(nats, {
    get: (target, name) => {
      const value: unknown = Reflect.get(part, name) ?? Reflect.get(target, name);
      return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
    },
  });
}
