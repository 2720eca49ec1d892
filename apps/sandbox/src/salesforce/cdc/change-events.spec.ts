import { describe, expect, it } from 'vitest';
import { UI_ACTOR } from '../../start-sandbox.js';
import { addContact, openOrg } from '../salesforce.fixture.js';
import { follow, type Followed } from './follower.fixture.js';

const CONTACTS = '/data/ContactChangeEvent';
const EARLIEST = { topicName: '/data/ChangeEvents', replayPreset: 1, numRequested: 100 };

const tell = ({ header }: Followed): unknown => [header.changeType, header.recordIds.length, header.sequenceNumber];
const setFields = ({ fields }: Followed): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));

describe('what a change is told as', () => {
  it('CREATE has the whole record, UPDATE what changed, DELETE nothing', async () => {
    const open = await openOrg();
    const { sandbox, org } = open;
    const company = sandbox.crm.create('companies', { name: 'Brightwater' }, { actor: UI_ACTOR });
    const contact = sandbox.crm.create(
      'contacts',
      { lastname: 'Hartwig', firstname: 'Leonie', phone: '1' },
      { actor: UI_ACTOR, links: [{ to: company, typeIds: [] }] },
    );
    sandbox.crm.update(contact, { jobtitle: 'Buyer', phone: '', city: 'Potsdam' }, UI_ACTOR);
    sandbox.crm.archive(contact, UI_ACTOR);
    sandbox.crm.restore(contact, UI_ACTOR);
    const [created, updated, deleted, undeleted] = await follow(org, { ...EARLIEST, topicName: CONTACTS }).wait(4);
    expect(created?.header).toMatchObject({
      entityName: 'Contact',
      changeType: 'CREATE',
      recordIds: [org.idOf('contacts', contact.id)],
      changeOrigin: 'com/salesforce/api/soap/66.0;client=SfdcInternalAPI/',
      changedFields: [],
    });
    expect(created?.header.commitNumber).toBeGreaterThan(2n ** 53n);
    expect(created?.fields).toMatchObject({
      LastName: 'Hartwig',
      AccountId: org.idOf('companies', company.id),
      Name: { FirstName: 'Leonie' },
      Email: null,
    });
    expect(setFields(updated as Followed)).toMatchObject({
      Title: 'Buyer',
      MailingAddress: { City: 'Potsdam', Street: null },
    });
    expect(Object.keys(setFields(updated as Followed)).toSorted()).toEqual(
      [
        'LastModifiedDate',
        'MailingAddress',
        'Title',
        ...(updated?.fields['LastModifiedById'] ? ['LastModifiedById'] : []),
      ].toSorted(),
    );
    // Fields: 0 header, 1 AccountId, 2 LastName, 3 FirstName, 4 Salutation, 5 Name, 6 MailingAddress, 7 Phone …
    expect(updated?.header.nulledFields).toEqual(['0x80']);
    expect(updated?.header.changedFields[1]).toBe('6-0x02');
    expect(deleted && setFields(deleted)).toEqual({});
    expect([deleted, undeleted].map((event) => event?.header.changeType)).toEqual(['DELETE', 'UNDELETE']);
    expect(undeleted?.fields).toMatchObject({ Title: 'Buyer', Phone: null });
  });

  it('tells the stage with all that hangs on it, and nothing else', async () => {
    const { sandbox, org } = await openOrg();
    const deal = sandbox.crm.create(
      'deals',
      { dealname: 'Kiln', dealstage: 'qualifiedtobuy', amount: '48500' },
      { actor: UI_ACTOR },
    );
    sandbox.crm.update(deal, { dealstage: 'decisionmakerboughtin' }, UI_ACTOR);
    sandbox.crm.update(deal, { dealstage: 'closedwon' }, UI_ACTOR);
    const [, moved, won] = await follow(org, EARLIEST).wait(3);
    expect(moved && setFields(moved)).toMatchObject({
      StageName: 'Proposal/Price Quote',
      Probability: 80,
      ExpectedRevenue: 38_800,
      ForecastCategoryName: 'Best Case',
    });
    expect(moved?.fields).toMatchObject({ IsClosed: null, Amount: null, CloseDate: null });
    expect(won && setFields(won)).toMatchObject({
      StageName: 'Closed Won',
      IsClosed: true,
      IsWon: true,
      CloseDate: expect.any(BigInt) as unknown,
    });
  });

  it('tells a merge as an UPDATE and a DELETE of one transaction, and queryAll shows who stands for the loser', async () => {
    const open = await openOrg();
    const { sandbox, org, connection } = open;
    const [winner, loser] = ['Winner', 'Loser'].map((lastname) =>
      sandbox.crm.create('contacts', { lastname }, { actor: UI_ACTOR }),
    );
    if (!winner || !loser) throw new Error('no contacts');
    sandbox.crm.update(loser, { phone: '7' }, UI_ACTOR);
    sandbox.crm.merge('contacts', { primaryId: winner.id, mergedId: loser.id }, { newId: false, actor: UI_ACTOR });
    const events = await follow(org, EARLIEST).wait(5);
    const [updated, deleted] = events.slice(3);
    expect([updated, deleted].map((event) => event?.header)).toMatchObject([
      { changeType: 'UPDATE', recordIds: [org.idOf('contacts', winner.id)], sequenceNumber: 1 },
      {
        changeType: 'DELETE',
        recordIds: [org.idOf('contacts', loser.id)],
        sequenceNumber: 2,
        transactionKey: updated?.header.transactionKey,
      },
    ]);
    expect(updated?.fields['Phone']).toBe('7');
    const all = await connection.query(
      'SELECT Id, LastName, IsDeleted, MasterRecordId FROM Contact WHERE IsDeleted = true',
      { scanAll: true },
    );
    expect(all.records).toMatchObject([
      { Id: org.idOf('contacts', loser.id), LastName: 'Loser', MasterRecordId: org.idOf('contacts', winner.id) },
    ]);
  });

  it('gathers equal changes of one transaction into one event, and names the client', async () => {
    const { org, connection } = await openOrg();
    const made = await connection
      .sobject('Contact')
      .create([{ LastName: 'Same' }, { LastName: 'Same' }, { LastName: 'Other' }]);
    await connection.sobject('Contact').update(made.map(({ id }) => ({ Id: id ?? '', Title: 'Clerk' })));
    const events = await follow(org, EARLIEST).wait(3);
    expect(events.map(tell)).toEqual([
      ['CREATE', 2, 1],
      ['CREATE', 1, 2],
      ['UPDATE', 3, 1],
    ]);
    expect(events[2]?.header).toMatchObject({
      changeOrigin: 'com/salesforce/api/rest/66.0;client=crm-event-mesh/',
      recordIds: made.map(({ id }) => id),
    });
  });

  it('tells gaps and overflows by a header alone', async () => {
    const open = await openOrg({ knobs: { gapRate: 1 } });
    const { sandbox, org } = open;
    const contact = addContact(open, 'Gap');
    org.turnKnobs({ gapRate: 0, overflowAt: 3 });
    org.runTransaction(() => {
      for (const name of ['A', 'B', 'C', 'D']) addContact(open, name);
      sandbox.crm.create('companies', { name: 'E' }, { actor: UI_ACTOR });
    });
    org.tellGap({ entityName: 'Contact', changeType: 'GAP_DELETE', recordIds: [org.idOf('contacts', contact.id)] });
    const events = await follow(org, EARLIEST).wait(4);
    expect(events.map(({ header }) => [header.changeType, header.entityName, header.recordIds])).toEqual([
      ['GAP_CREATE', 'Contact', [org.idOf('contacts', contact.id)]],
      ['GAP_OVERFLOW', 'Account', ['001*']],
      ['GAP_OVERFLOW', 'Contact', ['003*']],
      ['GAP_DELETE', 'Contact', [org.idOf('contacts', contact.id)]],
    ]);
    expect(events.flatMap((event) => Object.keys(setFields(event)))).toEqual([]);
  });

  it('has a schema of its own after a field was added', async () => {
    const open = await openOrg();
    const contact = addContact(open, 'Schema');
    open.org.addField('Contact', 'Tier__c');
    open.sandbox.crm.update(contact, { tier: 'gold' }, UI_ACTOR);
    const [before, after] = await follow(open.org, EARLIEST).wait(2);
    expect(before?.fields).not.toHaveProperty('Tier__c');
    expect(after?.fields).toMatchObject({ Tier__c: 'gold' });
  });
});
