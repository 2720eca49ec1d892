import { describe, expect, it, vi } from 'vitest';
import { addContact, openOrg } from '../salesforce.fixture.js';
import { connect, fetchSchema, follow } from './follower.fixture.js';

const HOUR_MS = 3_600_000;
const CONTACTS = '/data/ContactChangeEvent';
const LATEST = { replayPreset: 0, numRequested: 100 };
const EARLIEST = { topicName: '/data/ChangeEvents', replayPreset: 1, numRequested: 100 };

describe('how a topic is followed', () => {
  it('from now on, from the earliest, and from behind a replay id', async () => {
    const open = await openOrg({ knobs: { keepAliveMs: 10 } });
    addContact(open, 'Before');
    const late = follow(open.org, { ...LATEST, topicName: CONTACTS });
    const [before] = await follow(open.org, EARLIEST).wait(1);
    const start = { topicName: CONTACTS, replayPreset: 2, replayId: before?.replayId, numRequested: 9 };
    const custom = follow(open.org, start);
    await vi.waitFor(() => expect(late.signsOfLife.length).toBeGreaterThan(0));
    addContact(open, 'After');
    await late.wait(1);
    expect(late.events[0]?.fields).toMatchObject({ LastName: 'After' });
    expect((await custom.wait(1))[0]?.fields).toMatchObject({ LastName: 'After' });
  });

  it('sends no more than was asked for, and reads more than 100 as 100', async () => {
    const open = await openOrg();
    for (let index = 0; index < 130; index += 1) addContact(open, `N${index}`);
    const few = follow(open.org, { ...EARLIEST, numRequested: 3 });
    expect(await few.wait(3)).toHaveLength(3);
    few.ask(2);
    expect((await few.wait(5)).map(({ fields }) => fields['LastName'])).toEqual(['N0', 'N1', 'N2', 'N3', 'N4']);
    expect(few.pending).toBe(0);
    const many = follow(open.org, { ...EARLIEST, numRequested: 1_000 });
    expect(await many.wait(100)).toHaveLength(100);
    expect(new Set(many.events.map(({ replayId }) => replayId.toString('hex'))).size).toBe(100);
  });

  it('gives signs of life with a fresh place, but not while something waits', async () => {
    let nowMs = Date.parse('2026-03-24T12:00:00.000Z');
    const open = await openOrg({ knobs: { keepAliveMs: 10 } }, () => nowMs);
    const quiet = follow(open.org, { ...LATEST, topicName: '/data/AccountChangeEvent' });
    await vi.waitFor(() => expect(quiet.signsOfLife.length).toBeGreaterThan(1));
    nowMs += 71 * HOUR_MS;
    const count = quiet.signsOfLife.length;
    await vi.waitFor(() => expect(quiet.signsOfLife.length).toBeGreaterThan(count + 1));
    nowMs += 2 * HOUR_MS;
    const resumed = follow(open.org, {
      topicName: '/data/AccountChangeEvent',
      replayPreset: 2,
      replayId: quiet.signsOfLife.at(-1),
      numRequested: 1,
    });
    await vi.waitFor(() => expect(resumed.signsOfLife.length).toBeGreaterThan(0));

    [1, 2].forEach((number) => addContact(open, `N${number}`));
    const slow = follow(open.org, { ...EARLIEST, numRequested: 1 });
    await slow.wait(1);
    await vi.waitFor(() => expect(slow.signsOfLife.length).toBeGreaterThan(2));
    expect(slow.signsOfLife.at(-1)).toEqual(slow.events[0]?.replayId);
  });

  it.each<[what: string, start: object, code: number, errorCode: string]>([
    [
      'too old or foreign',
      { topicName: CONTACTS, replayPreset: 2, replayId: Buffer.alloc(8, 1), numRequested: 1 },
      3,
      'subscription.fetch.replayid.corrupted',
    ],
    [
      'no replay id',
      { topicName: CONTACTS, replayPreset: 2, numRequested: 1 },
      3,
      'subscription.fetch.replayid.validation.failed',
    ],
    ['nothing asked for', { topicName: CONTACTS, numRequested: 0 }, 3, 'subscription.fetch.requested.events.invalid'],
    ['unknown topic', { topicName: '/data/NothingChangeEvent', numRequested: 1 }, 5, 'topic.not.found'],
  ])('refuses: %s', async (_, start, code, errorCode) => {
    const { org } = await openOrg();
    const follower = follow(org, start);
    await vi.waitFor(() => expect(follower.error?.code).toBe(code));
    expect(follower.error?.metadata.get('error-code')).toEqual([`sfdc.platform.eventbus.grpc.${errorCode}`]);
  });

  it('keeps events for 72 hours, and refuses a replay id that is older', async () => {
    let nowMs = Date.parse('2026-03-24T12:00:00.000Z');
    const open = await openOrg({}, () => nowMs);
    addContact(open, 'Old');
    const [old] = await follow(open.org, EARLIEST).wait(1);
    nowMs += 73 * HOUR_MS;
    addContact(open, 'New');
    expect((await follow(open.org, EARLIEST).wait(1)).map(({ fields }) => fields['LastName'])).toEqual(['New']);
    const late = follow(open.org, { topicName: CONTACTS, replayPreset: 2, replayId: old?.replayId, numRequested: 1 });
    await vi.waitFor(() =>
      expect(late.error?.metadata.get('error-code')).toEqual([
        'sfdc.platform.eventbus.grpc.subscription.fetch.replayid.corrupted',
      ]),
    );
  });

  it('refuses tokens that are no good, ends those that expire, and fails when told to', async () => {
    const { org } = await openOrg();
    const stranger = follow(org, EARLIEST, 'nonsense');
    await vi.waitFor(() => expect(stranger.error?.code).toBe(16));
    org.turnKnobs({ keepAliveMs: 20, streamFailNext: 1 });
    const failed = follow(org, EARLIEST);
    await vi.waitFor(() => expect(failed.error?.code).toBe(14));
    const dropped = follow(org, EARLIEST);
    await vi.waitFor(() => expect(dropped.signsOfLife.length).toBeGreaterThan(0));
    org.dropStreams();
    await vi.waitFor(() =>
      expect(dropped.error?.metadata.get('error-code')).toEqual(['sfdc.platform.eventbus.grpc.service.unavailable']),
    );
    const expiring = follow(org, EARLIEST);
    await vi.waitFor(() => expect(expiring.signsOfLife.length).toBeGreaterThan(0));
    org.expireTokens();
    await vi.waitFor(() => expect(expiring.error?.code).toBe(16));
  });

  it('doubles, drops and shuffles as the knobs say', async () => {
    const open = await openOrg({ knobs: { eventDuplicateRate: 1 } });
    addContact(open, 'Twice');
    open.org.turnKnobs({ eventDuplicateRate: 0, eventDropRate: 1 });
    addContact(open, 'Never');
    open.org.turnKnobs({ eventDropRate: 0, eventDisorder: 1, eventGatherMs: 30 });
    const names = Array.from({ length: 20 }, (_, index) => `N${index}`);
    for (const name of names) addContact(open, name);
    const events = await follow(open.org, EARLIEST).wait(22);
    expect(events[0]?.id).toBe(events[1]?.id);
    expect(events[0]?.replayId).not.toEqual(events[1]?.replayId);
    const shuffled = events.slice(2).map(({ fields }) => String(fields['LastName']));
    expect(shuffled).not.toEqual(names);
    expect(shuffled.toSorted()).toEqual(names.toSorted());
  });
});

it('has no schema for a channel of several objects', async () => {
  const { org } = await openOrg();
  const at = connect(org);
  const topic = await new Promise<{ schemaId: string }>((resolve, reject) => {
    at.client.GetTopic({ topicName: '/data/ChangeEvents' }, at.metadata, (error, answer) =>
      error ? reject(error) : resolve(answer),
    );
  });
  expect(topic.schemaId).toBe('');
  await expect(fetchSchema(at, '')).rejects.toMatchObject({
    code: 3,
    details: expect.stringContaining("can't be blank") as unknown,
  });
});
