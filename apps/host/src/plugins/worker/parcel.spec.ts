import { describe, expect, it } from 'vitest';
import { packForHost, packForWorker, unpackRuns } from './parcel.js';
import type { ToWorker } from './protocol.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const runOf = (id: number, texts: string[], attempt = 1): ToWorker => ({
  kind: 'run',
  id,
  input: { attempt, items: texts.map((text, index) => ({ subject: `crm.a.b.deal.won.${index}`, data: bytes(text) })) },
});

/** As it arrives: the worker has a copy of the list, and of the buffer the buffer itself. */
function send(messages: ToWorker[]) {
  const parcel = packForWorker(messages);
  return structuredClone(parcel, { transfer: [parcel.bytes.buffer] });
}

describe('what goes to a worker', () => {
  it.each([
    ['nothing', []],
    ['one event', [runOf(0, ['{"a":1}'])]],
    ['a batch', [runOf(7, ['first', '', 'third'], 3)]],
    ['what is longer in UTF-8 than it looks', [runOf(1, ['żółć 💶']), runOf(2, ['next'])]],
    ['many runs', Array.from({ length: 50 }, (_, id) => runOf(id, [`event ${id}`], id + 1))],
  ])('%s comes out as it went in', (_, messages) => {
    const arrived = unpackRuns(send(messages)).map(({ id, input }) => ({
      ...{ kind: 'run', id },
      input: { ...input, items: input.items.map((item) => ({ ...item, data: new Uint8Array(item.data) })) },
    }));
    expect(arrived).toEqual(messages);
  });

  it('keeps the order of all that is no run', () => {
    const others: ToWorker[] = [{ kind: 'abort', id: 1, reason: 'late' }, { kind: 'ping' }];
    expect(send([runOf(1, ['a']), others[0]!, runOf(2, ['b']), others[1]!]).others).toEqual(others);
  });

  it('leaves the bytes of the sender alone', () => {
    const data = bytes('in a buffer of the connection');
    send([{ kind: 'run', id: 1, input: { attempt: 1, items: [{ subject: 's', data: data.subarray(3) }] } }]);
    expect(new TextDecoder().decode(data)).toBe('in a buffer of the connection');
  });
});

describe('what comes from a worker', () => {
  it('is a list of what is done, and all the rest in its order', () => {
    const line = { kind: 'line', level: 'info', fields: '{}', message: 'hm' } as const;
    const failed = { kind: 'outcome', id: 2, outcome: { kind: 'failed', error: { name: 'E', message: 'm' } } } as const;
    const done = (id: number) => ({ kind: 'outcome', id, outcome: { kind: 'done' } }) as const;
    expect(packForHost([done(1), line, failed, done(3)])).toEqual({ done: [1, 3], others: [line, failed] });
  });
});
