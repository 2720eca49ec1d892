import { generateKeyPairSync } from 'node:crypto';
import type { NotificationDraft, SourceContext } from '@crm-mesh/sdk';
import { startSandbox, UI_ACTOR, type RunningSandbox } from '@crm-mesh/sandbox/start';
import { createLogger } from '@crm-mesh/telemetry';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { SalesforceConfig, salesforceSource } from '../../libs/sources/src/index.js';
import { createConfig, createContext, toNotification } from '../../libs/sources/test/context.js';

const MINUTE_MS = 60_000;
const actor = UI_ACTOR;

type Org = NonNullable<RunningSandbox['salesforce']>;
interface Open {
  sandbox: RunningSandbox;
  org: Org;
  context: SourceContext<SalesforceConfig>;
}

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function open(options: object = {}, part: { auth?: object; objects?: string[] } = {}): Promise<Open> {
  const log = createLogger({ app: 'sandbox', level: 'silent' });
  const sandbox = await startSandbox({ log, salesforce: options });
  closers.push(() => sandbox.stop());
  const org = sandbox.salesforce!;
  const auth = {
    grant: 'client_credentials',
    clientId: org.clientId,
    clientSecret: org.clientSecret,
    loginUrl: org.url,
  };
  const config = createConfig(SalesforceConfig, {
    organizationId: org.organizationId,
    currency: 'EUR',
    rateLimit: { requests: 100_000, intervalMs: 1_000, concurrent: 10 },
    stream: { endpoint: org.pubsubUrl, tls: false },
    ...part,
    auth: { ...auth, ...part.auth },
  });
  const context = createContext(config, { nowMs: Date.now(), api: salesforceSource.api! });
  return { sandbox, org, context: { ...context, now: () => Date.now() } };
}

function follow({ context }: Open, cursor?: string) {
  const abort = new AbortController();
  const [drafts, lost, cursors]: [NotificationDraft[], string[], string[]] = [[], [], []];
  const done = salesforceSource.subscribe!(
    {
      ...(cursor !== undefined && { cursor }),
      signal: abort.signal,
      lost: (why) => void lost.push(why),
      take: (taken, next) => {
        drafts.push(...taken);
        cursors.push(next);
        return Promise.resolve();
      },
    },
    context,
  );
  const stop = () => (abort.abort(), done);
  closers.push(stop);
  return { drafts, lost, cursors, done, stop };
}

/** Where the stream is now: the first sign of life of a follower says it. */
async function placeOf(opened: Open): Promise<string> {
  opened.org.turnKnobs({ keepAliveMs: 50 });
  const following = follow(opened);
  await vi.waitFor(() => expect(following.cursors.length).toBeGreaterThan(0));
  await following.stop();
  return following.cursors.at(-1)!;
}

async function poll({ context }: Open, entity: string): Promise<NotificationDraft[]> {
  const [fromMs, toMs] = [Date.now() - 5 * MINUTE_MS, Date.now() + MINUTE_MS];
  const drafts: NotificationDraft[] = [];
  let cursor: string | undefined;
  do {
    const page = await salesforceSource.poll!.page({ entity, fromMs, toMs, ...(cursor && { cursor }) }, context);
    drafts.push(...page.drafts);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return drafts;
}

async function read({ context }: Open, draft: Pick<NotificationDraft, 'entity' | 'id'>) {
  const fetched = (await salesforceSource.fetch!(draft.entity, [draft.id], context)).get(draft.id);
  const notification = toNotification({ ...draft, change: 'updated', dedupeKey: 'k', payload: {} });
  return { fetched, mapped: await salesforceSource.map({ notification, fetched }, context) };
}

describe('the stream of changes', () => {
  it('tells each, and goes on where it was', async () => {
    const opened = await open();
    const { crm } = opened.sandbox;
    const contact = crm.create('contacts', { firstname: 'Leonie', lastname: 'Hartwig' }, { actor });
    const id = opened.org.idOf('contacts', contact.id);
    const place = await placeOf(opened);
    crm.update(contact, { jobtitle: 'Buyer', city: 'Potsdam' }, actor);
    crm.archive(contact, actor);
    crm.restore(contact, actor);
    const following = follow(opened, place);
    await vi.waitFor(() =>
      expect(following.drafts.map(({ change }) => change)).toEqual(['updated', 'deleted', 'restored']),
    );
    expect(following.drafts[0]!.payload).toMatchObject({
      Title: 'Buyer',
      MailingAddress: { City: 'Potsdam' },
      ChangeEventHeader: { changedFields: expect.arrayContaining(['Title', 'MailingAddress.City']) },
    });
    expect((await read(opened, following.drafts[0]!)).mapped).toMatchObject({
      record: { id, name: 'Leonie Hartwig', jobTitle: 'Buyer', address: { city: 'Potsdam' } },
    });
  });

  it('tells a merge of the record that stays, as a poll does', async () => {
    const opened = await open();
    const { crm } = opened.sandbox;
    const create = (name: string) => crm.create('companies', { name }, { actor });
    const [winner, loser] = [create('Brightwater'), create('Bright Water')];
    const following = follow(opened, await placeOf(opened));
    const ids = [winner, loser].map(({ id }) => opened.org.idOf('companies', id));
    crm.merge('companies', { primaryId: winner.id, mergedId: loser.id }, { newId: false, actor });
    const expected = { id: ids[0], change: 'merged', mergedIds: [ids[1]] };
    const both = [expect.objectContaining(expected), expect.objectContaining({ id: ids[1], change: 'deleted' })];
    expect(await poll(opened, 'company')).toEqual(expect.arrayContaining(both));
    await vi.waitFor(() => expect(following.drafts).toEqual(expect.arrayContaining(both)));
    expect(following.drafts).not.toContainEqual(expect.objectContaining({ id: ids[0], change: 'deleted' }));
  });

  it('says when its place is forgotten, and when there were too many changes', async () => {
    const opened = await open();
    opened.org.forgetEvents();
    const following = follow(opened, 'AAAAAAAAAAE=');
    await vi.waitFor(() => expect(following.lost).toHaveLength(1));
    opened.org.tellGap({ entityName: 'Contact', changeType: 'GAP_OVERFLOW', recordIds: ['003*'] });
    await vi.waitFor(() => expect(following.lost).toHaveLength(2));
    expect(following.lost[1]).toContain('GAP_OVERFLOW');
  });

  it('ends when it is cut off', async () => {
    const opened = await open();
    const following = follow(opened);
    // There may be no stream yet to be cut off.
    const cutting = setInterval(() => opened.org.dropStreams(), 20);
    await expect(following.done).rejects.toThrow(/stream of changes/);
    clearInterval(cutting);
    closers.pop();
  });
});

describe('polls and reads', () => {
  it('a row of a poll is what a fetch gives, line items included', async () => {
    const opened = await open({}, { objects: ['Opportunity', 'Contact'] });
    const { crm } = opened.sandbox;
    const line = crm.create('line_items', { name: 'Burner', price: '5', quantity: '2' }, { actor });
    const stage = { pipeline: 'default', dealstage: 'closedwon', closedate: '2026-03-24' };
    const links = [{ to: line, typeIds: [] }];
    crm.create('deals', { dealname: 'Kiln', amount: '10', ...stage }, { actor, links });
    const [draft] = await poll(opened, 'deal');
    const { fetched, mapped } = await read(opened, draft!);
    expect(draft!.fetched).toEqual(fetched);
    expect(mapped).toMatchObject({
      record: { name: 'Kiln', status: 'won', amount: { value: '10', currency: 'EUR' }, lines: [{ quantity: '2' }] },
    });
  });

  it('finds deletions that the log has forgotten, and more of them than one answer holds', async () => {
    const opened = await open({ knobs: { idLimit: 2 } });
    const { crm } = opened.sandbox;
    const remove = () => {
      const contact = crm.create('contacts', { lastname: 'Hartwig' }, { actor });
      crm.archive(contact, actor);
      return opened.org.idOf('contacts', contact.id);
    };
    const deletedOf = (drafts: NotificationDraft[]) => drafts.map(({ id, change }) => `${change} ${id}`);
    const first = remove();
    expect(deletedOf(await poll(opened, 'contact'))).toEqual([`deleted ${first}`]);
    opened.org.trimDeleteLog();
    const more = [remove(), remove(), remove()];
    const found = await poll(opened, 'contact');
    expect(deletedOf(found).toSorted()).toEqual([first, ...more].map((id) => `deleted ${id}`).toSorted());
  });

  it('scans everything once, whatever the page size of the server', async () => {
    const opened = await open({ knobs: { pageSize: 200 } });
    for (let index = 0; index < 450; index++)
      opened.sandbox.crm.create('contacts', { lastname: `L${index}` }, { actor });
    const page = await salesforceSource.scan!.page({ entity: 'contact', fields: 'versions' }, opened.context);
    expect([page.total, new Set(page.drafts.map(({ id }) => id)).size, page.cursor]).toEqual([450, 450, undefined]);
  });

  it('goes on when its token ends and when a field goes away', async () => {
    const opened = await open();
    const contact = opened.sandbox.crm.create('contacts', { lastname: 'Hartwig', jobtitle: 'Buyer' }, { actor });
    const sign = { entity: 'contact', id: opened.org.idOf('contacts', contact.id) };
    expect((await read(opened, sign)).mapped).toMatchObject({ record: { jobTitle: 'Buyer' } });
    opened.org.expireTokens();
    opened.org.removeField('Contact', 'Title');
    vi.spyOn(Date, 'now').mockReturnValue(Date.now() + MINUTE_MS);
    const { mapped } = await read(opened, sign);
    vi.restoreAllMocks();
    expect(mapped).toMatchObject({ record: { lastName: 'Hartwig' } });
    expect(mapped).not.toHaveProperty('record.jobTitle');
  });

  it('describes what there is', async () => {
    const opened = await open();
    const described = await salesforceSource.describe!(opened.context);
    expect(described.contact!.fields.Email).toEqual({ type: 'email' });
    expect(described.deal!.pipelines!.default!['Closed Won']).toEqual({ label: 'Closed Won', outcome: 'won' });
  });

  it('logs in by a key', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
    const auth = { grant: 'jwt-bearer', username: 'mesh@acme.example', privateKey: pem };
    const opened = await open({ jwtPublicKey: publicKey }, { auth });
    expect(await poll(opened, 'contact')).toEqual([]);
  });
});
