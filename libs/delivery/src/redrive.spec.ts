import { describe, expect, it, vi } from 'vitest';
import type { Nats } from '@crm-mesh/jetstream';
import type { AuditEntry } from './audit.js';
import { dropDeadLetters } from './drop.js';
import type { Outcome } from './outcome.js';
import { overriding } from './faulty-parts.fixture.js';
import { redrive } from './redrive.js';
import { createScene, done, error, nats, store, useServer } from './scene.fixture.js';

useServer();

const refused: Outcome = { kind: 'permanent', error };
const by = 'ann';

/** The server remembers ids for two minutes: later it takes the same message for another one. */
const publishLater: Nats['publish'] = (message) =>
  nats.publish({ ...message, messageId: `${message.messageId}:later` });

async function readAudit(subject: string): Promise<AuditEntry[]> {
  const entries: AuditEntry[] = [];
  for await (const { data } of nats.readStream('CRM_AUDIT', { fromSequence: 1, filterSubject: subject }))
    entries.push(JSON.parse(Buffer.from(data).toString()) as AuditEntry);
  return entries;
}

/** A consumer that refuses what `isRefused` says, until it is mended. */
async function startRefusing(isRefused: (id: string) => boolean, policy = {}) {
  const scene = createScene({ maxAttempts: 1, ...policy });
  let isMended = false;
  const consumer = await scene.start(({ ids: [id] }) => (!isMended && isRefused(id!) ? refused : done));
  return {
    ...scene,
    consumer,
    mend: () => (isMended = true),
    sequences: async () => (await scene.deadLetters()).map(({ sequence }) => sequence),
    directSettled: async () =>
      vi.waitFor(async () => {
        const state = await nats.durableState('CRM_DIRECT', scene.name);
        expect(state).toMatchObject({ pending: 0, ackPending: 0 });
      }),
  };
}

describe('a redrive', () => {
  it('goes in the order in which the events were told, whatever the order in which it is asked for', async () => {
    const scene = await startRefusing(() => true);
    await scene.publish('a:1', 'a:2', 'a:3');
    await scene.settled();
    scene.mend();
    const sequences = await scene.sequences();
    const asked = { sequences: sequences.toReversed(), by };
    expect(await scene.consumer.redrive(asked)).toEqual({ redriven: sequences, missing: [] });
    await vi.waitFor(() => expect(scene.ids()).toEqual(['a:1', 'a:2', 'a:3', 'a:1', 'a:2', 'a:3']));
  });

  it('skips what a newer event has superseded, with a receipt', async () => {
    const scene = await startRefusing((id) => id.endsWith(':1'));
    await scene.publish('a:1', 'a:2', 'b:1');
    await scene.settled();
    scene.mend();
    // The two records are buried in either order.
    const letters = await scene.deadLetters();
    const [first, second] = letters.toSorted((a, b) => a.letter.original.sequence - b.letter.original.sequence);
    const newer = first!.letter.original.sequence + 1;
    const sequences = [first!.sequence, second!.sequence];
    expect(await scene.consumer.redrive({ sequences, by })).toEqual({
      redriven: [second!.sequence],
      superseded: [{ sequence: first!.sequence, newer }],
      missing: [],
    });
    await vi.waitFor(() => expect(scene.ids()).toHaveLength(4));
    expect(scene.ids().filter((id) => id === 'a:1')).toHaveLength(1);
    expect(await scene.deadLetters()).toEqual([]);
    const [entry, ...more] = await readAudit(`audit.superseded.${scene.name}.>`);
    expect(more).toEqual([]);
    expect(entry).toMatchObject({ by, did: 'superseded', newer, deadLetter: { sequence: first!.sequence } });
    expect(entry!.deadLetter!.original).not.toHaveProperty('payloadText');
  });

  it('runs what is superseded all the same when it is asked for again', async () => {
    const scene = await startRefusing((id) => id === 'a:1');
    await scene.publish('a:1', 'a:2');
    await scene.settled();
    scene.mend();
    await scene.consumer.redrive({ sequences: await scene.sequences(), by, again: true });
    await vi.waitFor(() => expect(scene.ids()).toEqual(['a:1', 'a:2', 'a:1']));
    expect(await readAudit(`audit.redrive.${scene.name}.>`)).toMatchObject([{ by, again: true }]);
  });

  it('does not take for newer what is a dead letter itself', async () => {
    const scene = await startRefusing(() => true);
    await scene.publish('a:1', 'a:2');
    await scene.settled();
    scene.mend();
    const [first] = await scene.sequences();
    expect(await scene.consumer.redrive({ sequences: [first!], by })).toEqual({ redriven: [first], missing: [] });
    await vi.waitFor(() => expect(scene.ids()).toEqual(['a:1', 'a:2', 'a:1']));
  });

  it('skips in its turn what a newer event has superseded since', async () => {
    const scene = createScene({ maxAttempts: 1 });
    const first = await scene.start(() => refused);
    await scene.publish('a:1', 'b:1');
    await scene.settled();
    await first.stop();
    // Nobody runs: whether it is superseded cannot be told yet.
    const sequences = (await scene.deadLetters()).map(({ sequence }) => sequence);
    await first.redrive({ sequences: [], by });
    await redrive(nats, { consumer: scene.name, sequences, by }, Date.now());
    await scene.publish('a:2');
    // The copies come later than the newer event.
    const durableState: Nats['durableState'] = (stream, name) =>
      stream === 'CRM_DIRECT' && !scene.ids().includes('a:2')
        ? Promise.resolve(undefined)
        : nats.durableState(stream, name);
    await scene.start(() => done, { nats: overriding(nats, { durableState }) });
    await vi.waitFor(() => expect(scene.ids()).toEqual(['a:1', 'b:1', 'a:2', 'b:1']), { timeout: 15_000 });
    await vi.waitFor(async () => expect(await readAudit(`audit.superseded.${scene.name}.>`)).toHaveLength(1));
    expect(await readAudit(`audit.superseded.${scene.name}.>`)).toMatchObject([
      { by, original: { stream: 'CRM_EVENTS' } },
    ]);
    expect(scene.ids()).toEqual(['a:1', 'b:1', 'a:2', 'b:1']);
  });

  it('supersedes nothing where the plugin keeps no order', async () => {
    const scene = await startRefusing((id) => id === 'a:1', { order: 'none' });
    await scene.publish('a:1', 'a:2');
    await scene.settled();
    scene.mend();
    await scene.consumer.redrive({ sequences: await scene.sequences(), by });
    await vi.waitFor(() => expect(scene.ids().filter((id) => id === 'a:1')).toHaveLength(2));
  });

  it('sends a patched payload in place of the one that was buried, and says so', async () => {
    const scene = await startRefusing((id) => id === 'a:1');
    await scene.publish('a:1');
    await scene.settled();
    const [sequence] = await scene.sequences();
    const patch = { hash: 'abc', payloads: { [sequence!]: '"mended"' } };
    await scene.consumer.redrive({ sequences: [sequence!], by, patch });
    await vi.waitFor(() => expect(scene.ids()).toEqual(['a:1', '"mended"']));
    expect(await readAudit(`audit.redrive.${scene.name}.>`)).toMatchObject([{ by, patch: 'abc' }]);
  });

  it('that fails again gives a letter with the original place, and the copy beside it', async () => {
    const scene = await startRefusing(() => true);
    await scene.publish('a:1');
    await scene.settled();
    const [before] = await scene.deadLetters();
    await scene.consumer.redrive({ sequences: [before!.sequence], by });
    await vi.waitFor(async () => expect(await scene.deadLetters()).toHaveLength(1));
    await scene.directSettled();
    const [after] = await scene.deadLetters();
    expect(after!.sequence).toBeGreaterThan(before!.sequence);
    expect(after!.letter.original).toEqual(before!.letter.original);
    expect(after!.letter.copy).toMatchObject({ by, sequence: expect.any(Number) });
  });

  it('sends no second copy of what a killed redrive has sent, however long ago', async () => {
    const scene = await startRefusing(() => true);
    await scene.publish('a:1');
    await scene.settled();
    const request = { consumer: scene.name, sequences: await scene.sequences(), by };
    const killed = overriding(nats, { deleteMessage: () => Promise.reject(new Error('killed')) });
    await expect(redrive(killed, request, Date.now())).rejects.toThrow('killed');
    const later = overriding(nats, { publish: publishLater });
    expect(await redrive(later, request, Date.now())).toEqual({ redriven: request.sequences, missing: [] });
    const copies: string[] = [];
    const range = { fromSequence: 1, filterSubject: `direct.${scene.name}.>` };
    for await (const { subject } of nats.readStream('CRM_DIRECT', range)) copies.push(subject);
    expect(copies).toHaveLength(1);
  });
});

it('a drop says who did it before it closes the letter, and leaves those of others', async () => {
  const scene = await startRefusing(() => true);
  await scene.publish('a:1', 'b:1');
  await scene.settled();
  const [first, second] = await scene.sequences();
  const request = { consumer: scene.name, sequences: [first!, 999_999], by };
  expect(await dropDeadLetters(nats, { ...request, consumer: 'other' }, 0)).toEqual({
    dropped: [],
    missing: request.sequences,
  });
  expect(await dropDeadLetters(nats, request, 0)).toEqual({ dropped: [first], missing: [999_999] });
  expect(await scene.sequences()).toEqual([second]);
  expect(await readAudit(`audit.drop.${scene.name}.>`)).toMatchObject([
    { by, did: 'drop', deadLetter: { sequence: first, original: { stream: 'CRM_EVENTS' } } },
  ]);
});

it('keeps the trace that came with an event, and hands it on', async () => {
  const scene = await startRefusing(() => true);
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
  const traceparent = `00-${traceId}-00f067aa0ba902b7-01`;
  const subject = `crm.${scene.name}.hubspot.deal.updated.t`;
  await nats.publish({ subject, payload: 't:1', messageId: scene.name, headers: { traceparent } });
  await scene.settled();
  const [letter] = await scene.deadLetters();
  expect(letter!.letter).toMatchObject({ traceId, original: { traceparent } });
  await scene.consumer.redrive({ sequences: [letter!.sequence], by });
  await scene.directSettled();
  const copy = await nats.getLastMessage('CRM_DIRECT', `direct.${scene.name}.>`);
  expect(copy!.header('traceparent')).toBe(traceparent);
});

describe('a process that is killed while it buries', () => {
  it.each([
    ['before the letter is there', 0, 2],
    ['before the message is settled', 1, 1],
  ])('%s leaves one letter, however late the next one comes', async (_when, letters, runs) => {
    const scene = createScene({ maxAttempts: 1 });
    let isKilled = false;
    const publish: Nats['publish'] = async (message) => {
      if (letters === 1) await nats.publish(message);
      isKilled = true;
      throw new Error('killed');
    };
    const dying = await scene.start(() => refused, { nats: overriding(nats, { publish }) });
    await scene.publish('a:1');
    await vi.waitFor(() => expect(isKilled).toBe(true));
    await dying.stop({ graceMs: 0 });
    expect(await scene.deadLetters()).toHaveLength(letters);
    await scene.start(() => refused, { nats: overriding(nats, { publish: publishLater }) });
    await scene.settled();
    expect(scene.runs).toHaveLength(runs);
    expect((await scene.deadLetters()).map(({ letter }) => letter.attempts.length)).toEqual([runs]);
    expect(await store.read('SELECT * FROM delivery_failures')).toEqual([]);
  });
});
