import { describe, expect, it } from 'vitest';
import { UI_ACTOR } from '../start-sandbox.js';
import { openOrg } from './salesforce.fixture.js';

const MINUTE_MS = 60_000;

describe("Salesforce's own client, unchanged", () => {
  it('creates, reads, updates, deletes', async () => {
    const { connection, sandbox } = await openOrg();
    const account = await connection
      .sobject('Account')
      .create({ Name: 'Brightwater Ceramics', BillingCity: 'Potsdam' });
    const created = await connection
      .sobject('Contact')
      .create({ LastName: 'Hartwig', FirstName: 'Leonie', AccountId: account.id ?? '' });
    expect(created).toMatchObject({ success: true, errors: [] });
    const id = created.id ?? '';
    expect(id).toMatch(/^0038d0[0-9A-Za-z]{12}$/);

    const read = await connection.sobject('Contact').retrieve(id);
    expect(read).toMatchObject({
      Id: id,
      Name: 'Leonie Hartwig',
      AccountId: account.id,
      Email: null,
      IsDeleted: false,
      MasterRecordId: null,
      SystemModstamp: expect.stringMatching(/\.\d{3}\+0000$/) as unknown,
    });
    expect(sandbox.crm.list('contacts')[0]?.properties.get('lastname')).toBe('Hartwig');

    await connection.sobject('Contact').update({ Id: id, Title: 'Head of Procurement', FirstName: null });
    expect(await connection.sobject('Contact').retrieve(id)).toMatchObject({
      Title: 'Head of Procurement',
      FirstName: null,
    });

    await connection.sobject('Contact').destroy(id);
    await expect(connection.sobject('Contact').retrieve(id)).rejects.toMatchObject({ errorCode: 'NOT_FOUND' });
    await expect(connection.sobject('Contact').update({ Id: id, Title: 'x' })).rejects.toMatchObject({
      errorCode: 'ENTITY_IS_DELETED',
    });
    const bin = await connection.query(`SELECT Id, IsDeleted FROM Contact WHERE IsDeleted = true`, { scanAll: true });
    expect(bin.records).toMatchObject([{ Id: id, IsDeleted: true }]);
    expect((await connection.query('SELECT Id FROM Contact')).totalSize).toBe(0);
  });

  it('writes and reads many at once', async () => {
    const { connection, org } = await openOrg();
    const results = await connection
      .sobject('Contact')
      .create([{ LastName: 'One' }, { FirstName: 'Nobody' }, { LastName: 'Three' }]);
    expect(results).toMatchObject([
      { success: true },
      { success: false, errors: [{ statusCode: 'REQUIRED_FIELD_MISSING', fields: ['LastName'] }] },
      { success: true },
    ]);
    const ids = results.map(({ id }) => id ?? '').filter((id) => id !== '');
    const missing = org.idOf('contacts', '1');
    expect(await connection.sobject('Contact').retrieve([...ids, missing])).toMatchObject([
      { LastName: 'One' },
      { LastName: 'Three' },
      null,
    ]);
    const changed = await connection.sobject('Contact').update(ids.map((Id) => ({ Id, Title: 'Clerk' })));
    expect(changed.map(({ success }) => success)).toEqual([true, true]);
    const rolledBack = await connection.sobject('Contact').update(
      [
        { Id: ids[0] ?? '', Title: 'No' },
        { Id: missing, Title: 'No' },
      ],
      { allOrNone: true },
    );
    expect(rolledBack).toMatchObject([
      { errors: [{ statusCode: 'ALL_OR_NONE_OPERATION_ROLLED_BACK' }] },
      { errors: [{ statusCode: 'ENTITY_IS_DELETED' }] },
    ]);
    expect(await connection.sobject('Contact').retrieve(ids[0] ?? '')).toMatchObject({ Title: 'Clerk' });
    expect((await connection.sobject('Contact').destroy(ids)).map(({ success }) => success)).toEqual([true, true]);
  });

  it('pages through a query', async () => {
    const { connection, sandbox } = await openOrg({ knobs: { pageSize: 3 } });
    for (let index = 0; index < 7; index += 1)
      sandbox.crm.create('contacts', { lastname: `N${index}` }, { actor: UI_ACTOR });
    const query = 'SELECT Id, LastName FROM Contact ORDER BY Id';
    const first = await connection.query(query);
    expect(first).toMatchObject({
      totalSize: 7,
      done: false,
      nextRecordsUrl: expect.stringMatching(/\/query\/01g\w{15}-3$/) as unknown,
    });
    const second = await connection.queryMore(first.nextRecordsUrl ?? '');
    expect(second.records.map((row) => row['LastName'])).toEqual(['N3', 'N4', 'N5']);
    const all = await connection.query(query, { autoFetch: true, maxFetch: 100 });
    expect(all.records.map((row) => row['LastName'])).toEqual(['N0', 'N1', 'N2', 'N3', 'N4', 'N5', 'N6']);
  });

  it('describes the org', async () => {
    const { connection } = await openOrg({ isMultiCurrency: true });
    const { sobjects } = await connection.describeGlobal();
    expect(sobjects.map(({ name }) => name)).toContain('Opportunity');
    const { fields, keyPrefix } = await connection.describe('Opportunity');
    expect(keyPrefix).toBe('006');
    expect(fields.find(({ name }) => name === 'CurrencyIsoCode')).toMatchObject({ type: 'picklist' });
    expect(fields.find(({ name }) => name === 'StageName')?.picklistValues).toContainEqual(
      expect.objectContaining({ value: 'Closed Won' }),
    );
    expect(await connection.limits()).toMatchObject({ DailyApiRequests: { Max: 15_000 } });
    expect(connection.limitInfo).toEqual({ apiUsage: { used: 3, limit: 15_000 } });
  });

  it('asks what was updated and what was deleted', async () => {
    let nowMs = Date.parse('2026-03-24T16:00:30.000Z');
    const { connection, sandbox, org } = await openOrg({}, () => nowMs);
    const [kept, gone] = ['Kept', 'Gone'].map((lastname) =>
      sandbox.crm.create('contacts', { lastname }, { actor: UI_ACTOR }),
    );
    if (!kept || !gone) throw new Error('no contacts');
    sandbox.crm.archive(gone, UI_ACTOR);
    nowMs += 5 * MINUTE_MS;
    const window = ['2026-03-24T16:00:00Z', '2026-03-24T16:10:00Z'] as const;
    expect(await connection.sobject('Contact').updated(...window)).toEqual({
      ids: [org.idOf('contacts', kept.id)],
      latestDateCovered: '2026-03-24T16:05:00.000+0000',
    });
    expect(await connection.sobject('Contact').deleted(...window)).toEqual({
      deletedRecords: [{ id: org.idOf('contacts', gone.id), deletedDate: '2026-03-24T16:00:30.000+0000' }],
      earliestDateAvailable: '2026-03-09T16:05:30.000+0000',
      latestDateCovered: '2026-03-24T16:05:00.000+0000',
    });
    await expect(
      connection.sobject('Contact').deleted('2026-03-01T00:00:00Z', '2026-03-02T00:00:00Z'),
    ).rejects.toMatchObject({ errorCode: 'INVALID_REPLICATION_DATE' });
  });

  it('gets a new token when the old one has expired', async () => {
    const { org, connection } = await openOrg();
    org.expireTokens();
    await expect(connection.query('SELECT Id FROM Contact')).rejects.toMatchObject({ errorCode: 'INVALID_SESSION_ID' });
    const { Connection } = await import('jsforce');
    const again = new Connection({
      instanceUrl: org.url,
      accessToken: org.accessToken,
      refreshToken: org.refreshToken,
      oauth2: {
        loginUrl: org.url,
        clientId: org.clientId,
        clientSecret: org.clientSecret,
        redirectUri: 'http://localhost',
      },
    });
    expect((await again.query('SELECT COUNT() FROM Contact')).totalSize).toBe(0);
  });
});
