import { Unavailable, type NotificationDraft } from '@crm-mesh/sdk';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { describeApi } from '../api.js';
import { connectOrg, DATA, ORGANIZATION_ID, rowsOf, type Answers, type TestContext } from '../org.fixture.js';
import { startBus, type TestBus } from './bus.fixture.js';
import { encodeEvent, readEvents } from './encode-event.fixture.js';
import { followChanges } from './follow-changes.js';

let bus: TestBus;
beforeEach(async () => {
  bus = await startBus();
});
afterEach(() => bus.close());

const TOKEN = {
  access_token: 'a-token',
  instance_url: 'https://brightwater.my.salesforce.example',
  id: `https://login.salesforce.example/id/${ORGANIZATION_ID}/0058d000006kQwXAAU`,
};

function connect({
  answers = {},
  token = TOKEN,
  stream = {},
}: { answers?: Answers; token?: object; stream?: object } = {}) {
  const context: TestContext = connectOrg(
    {
      [`GET ${DATA}/queryAll`]: () => rowsOf([]),
      // The API's client logs in with the first request.
      [`GET ${DATA}/limits`]: () => {
        const { auth } = describeApi(context.config);
        if (auth.kind === 'oauth2') auth.baseUrlOf?.({ ...token });
        return {};
      },
      ...answers,
    },
    { stream: { endpoint: bus.endpoint, tls: false, ...stream } },
  );
  return context;
}

/** Follows until `stop`; what was taken stands beside. */
function follow(context: TestContext, cursor?: string, onTake: () => Promise<void> = () => Promise.resolve()) {
  const abort = new AbortController();
  const taken: { drafts: readonly NotificationDraft[]; cursor: string }[] = [];
  const lost: string[] = [];
  const done = followChanges(
    {
      ...(cursor !== undefined && { cursor }),
      signal: abort.signal,
      lost: (why) => void lost.push(why),
      take: async (drafts, next) => {
        await onTake();
        taken.push({ drafts, cursor: next });
      },
    },
    context,
  );
  done.catch(() => undefined);
  const drafts = () => taken.flatMap((one) => one.drafts);
  return { taken, lost, done, drafts, stop: () => (abort.abort(), done) };
}

const begun = () => vi.waitFor(() => expect(bus.starts.length).toBeGreaterThan(0));
const encode = (name: string) => readEvents(name).map(encodeEvent);
const told = ({ entity, id, change }: NotificationDraft) => `${entity} ${id} ${change}`;

/** As many contacts as wanted, each with a replay id of its own. */
const many = (count: number, first = 0) =>
  Array.from({ length: count }, (_, index) => ({
    ...encode('cdc-contact-updated.json')[0]!,
    id: `event-${first + index}`,
    replayId: Buffer.from(`replay-${String(first + index).padStart(4, '0')}`),
  }));

describe('following the stream', () => {
  it('begins now, shows the session, and tells what the events say', async () => {
    const following = follow(connect());
    await begun();
    bus.push(...encode('cdc-contact-updated.json'));
    await vi.waitFor(() => expect(following.taken).toHaveLength(1));
    await following.stop();
    expect(bus.starts).toMatchObject([
      { topic_name: '/data/ChangeEvents', replay_preset: 'LATEST', num_requested: 100 },
    ]);
    expect(bus.metadata[0]).toMatchObject({
      accesstoken: 'a-token',
      instanceurl: TOKEN.instance_url,
      tenantid: ORGANIZATION_ID,
    });
    expect(following.taken).toEqual([
      {
        cursor: 'AAAAAAJ+RnI=',
        drafts: [
          {
            entity: 'contact',
            id: '0038d00000pQ7LmAAK',
            change: 'updated',
            dedupeKey: 'cdc/5b0c9d2e-71aa-4c0e-9f31-000000000002/0038d00000pQ7LmAAK',
            modifiedAt: '2026-03-11T13:02:46.000Z',
            payload: {
              // A double would make 1773234166716501500 of it.
              ChangeEventHeader: expect.objectContaining({
                commitNumber: '1773234166716501507',
                changedFields: ['Phone', 'Title', 'LastModifiedDate', 'MailingAddress.City'],
                nulledFields: ['Phone'],
              }),
              Title: 'Head of Procurement',
              Phone: null,
              MailingAddress: { City: 'Potsdam' },
              LastModifiedDate: 1_773_234_166_000,
            },
          },
        ],
      },
    ]);
  });

  it('goes on behind what was taken, also by an empty response of a quiet channel', async () => {
    bus.push(...many(3));
    const first = follow(connect(), bus.log[0]!.replayId.toString('base64'));
    await vi.waitFor(() => expect(first.drafts()).toHaveLength(2));
    bus.keepAlive(Buffer.from([0, 255, 7]));
    await vi.waitFor(() => expect(first.taken.at(-1)).toEqual({ drafts: [], cursor: 'AP8H' }));
    await first.stop();
    expect(first.drafts().map(({ dedupeKey }) => dedupeKey.split('/')[1])).toEqual(['event-1', 'event-2']);
  });

  it('never asks for more than a hundred, and for no more while what it has is not stored', async () => {
    bus.push(...many(450));
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const following = follow(connect(), bus.log[0]!.replayId.toString('base64'), () => held);
    await begun();
    expect(following.taken).toHaveLength(0);
    release();
    await vi.waitFor(() => expect(following.drafts()).toHaveLength(449));
    await following.stop();
    expect(bus.maxOutstanding).toBe(100);
    expect(new Set(following.drafts().map(({ dedupeKey }) => dedupeKey)).size).toBe(449);
  });

  it('reads events of a schema that an admin has changed meanwhile', async () => {
    const following = follow(connect());
    await begun();
    bus.push(...encode('cdc-opportunity-stage-changed.json'), ...encode('cdc-opportunity-own-write.json'));
    await vi.waitFor(() => expect(following.drafts()).toHaveLength(2));
    await following.stop();
    expect(bus.schemas.size).toBe(2);
    expect(following.drafts()[1]!.payload).toMatchObject({ Mesh_Sync_Status__c: 'invoiced' });
  });

  it('asks nothing where it is switched off', async () => {
    const context = connect({ stream: { enabled: false } });
    await follow(context).stop();
    expect(context.calls).toEqual([]);
  });
});

describe('what the events come to', () => {
  it.each([
    ['cdc-contact-created.json', ['contact 0038d00000pQ7LmAAK created']],
    ['cdc-contact-deleted.json', ['contact 0038d00000pQ7LmAAK deleted']],
    ['cdc-contact-undeleted.json', ['contact 0038d00000pQ7LmAAK restored']],
    ['cdc-account-updated.json', ['company 0018d00000VrWn2AAF updated']],
    ['cdc-opportunity-closed-won.json', ['deal 0068d00000GmYt4AAF updated']],
    ['cdc-gap-update.json', ['deal 0068d00000GmYt4AAF updated']],
  ])('%s', async (name, expected) => {
    const following = follow(connect());
    await begun();
    bus.push(...encode(name));
    await vi.waitFor(() => expect(following.drafts().map(told)).toEqual(expected));
    await following.stop();
    expect(following.lost).toEqual([]);
  });

  it('tells a merge of the record that stays, and the loser’s deletion as the loser’s', async () => {
    const merged = rowsOf([{ Id: '0018d00000VrWpcAAF', MasterRecordId: '0018d00000VrWn2AAF' }]);
    const following = follow(connect({ answers: { [`GET ${DATA}/queryAll`]: () => merged } }));
    await begun();
    bus.push(...encode('cdc-account-merge.json'));
    await vi.waitFor(() =>
      expect(following.drafts().map(told)).toEqual([
        'company 0018d00000VrWn2AAF updated',
        'company 0018d00000VrWn2AAF merged',
        'company 0018d00000VrWpcAAF deleted',
      ]),
    );
    await following.stop();
    expect(following.drafts()[1]!.mergedIds).toEqual(['0018d00000VrWpcAAF']);
  });

  it('keeps the order of the events: a record that came back is not deleted', async () => {
    const following = follow(connect());
    await begun();
    bus.push(...encode('cdc-contact-deleted.json'), ...encode('cdc-contact-undeleted.json'));
    await vi.waitFor(() => expect(following.drafts().map(({ change }) => change)).toEqual(['deleted', 'restored']));
    await following.stop();
  });

  it('tells equal changes of many records one by one, each with a key of its own', async () => {
    const [sample] = readEvents('cdc-gap-update.json');
    const recordIds = ['0068d00000GmYt4', '0068d00000GmYt5AAF'];
    sample!.payload.ChangeEventHeader.recordIds = recordIds;
    const following = follow(connect());
    await begun();
    bus.push(encodeEvent(sample!));
    await vi.waitFor(() => expect(following.drafts()).toHaveLength(2));
    await following.stop();
    expect(following.drafts().map(({ id }) => id)).toEqual(['0068d00000GmYt4AAF', '0068d00000GmYt5AAF']);
    expect(new Set(following.drafts().map(({ dedupeKey }) => dedupeKey)).size).toBe(2);
  });
});

describe('what is lost to the stream', () => {
  it('an overflow names no record: a poll has to find them', async () => {
    const following = follow(connect());
    await begun();
    bus.push(...encode('cdc-gap-overflow.json'));
    await vi.waitFor(() => expect(following.taken).toEqual([{ drafts: [], cursor: 'AAAAAAJ+Rn0=' }]));
    await following.stop();
    expect(following.lost).toEqual([expect.stringContaining('Contact (GAP_OVERFLOW)')]);
  });

  it('a place that Salesforce does not know any more: from the oldest event on', async () => {
    bus.push(...many(2));
    const following = follow(connect(), Buffer.from('of another database').toString('base64'));
    await vi.waitFor(() => expect(following.drafts()).toHaveLength(2));
    await following.stop();
    expect(following.lost).toEqual([expect.stringContaining('no longer knows the place')]);
    expect(bus.starts.map(({ replay_preset: preset }) => preset)).toEqual(['CUSTOM', 'EARLIEST']);
  });

  it('an event that its schema does not fit does not hold up those behind it', async () => {
    const following = follow(connect());
    await begun();
    const [event] = many(1);
    bus.push({ ...event!, payload: Buffer.from([255, 255, 255]) }, ...many(1, 1));
    await vi.waitFor(() => expect(following.drafts()).toHaveLength(1));
    await following.stop();
    expect(following.lost).toEqual([expect.stringContaining('cannot be read')]);
  });
});

describe('what ends it', () => {
  it('silence for longer than Salesforce is ever silent', async () => {
    const following = follow(connect({ stream: { silenceMs: 1_000 } }));
    await expect(following.done).rejects.toThrow(/silent for 1 s/);
  });

  it.each([
    ['a session that ended', 16, 'sfdc.platform.eventbus.grpc.service.auth.error', Unavailable],
    ['what is down', 14, 'sfdc.platform.eventbus.grpc.service.unavailable', Unavailable],
  ])('%s', async (_name, code, errorCode, kind) => {
    const following = follow(connect());
    await begun();
    bus.fail(code, errorCode);
    await expect(following.done).rejects.toThrow(errorCode);
    await expect(following.done).rejects.toBeInstanceOf(kind);
    expect(following.lost).toEqual([]);
  });

  it('a session of another organisation, before anything is read of it', async () => {
    const id = TOKEN.id.replace(ORGANIZATION_ID, '00D8d000009KxTrEAK');
    await expect(follow(connect({ token: { ...TOKEN, id } })).done).rejects.toThrow(/refreshed sandbox/);
    expect(bus.starts).toEqual([]);
  });

  it('what is not stored: it comes again', async () => {
    bus.push(...many(2));
    const following = follow(connect(), bus.log[0]!.replayId.toString('base64'), () =>
      Promise.reject(new Error('full')),
    );
    await expect(following.done).rejects.toThrow('full');
  });
});
