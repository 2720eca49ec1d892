import { describe, expect, it } from 'vitest';
import { UI_ACTOR } from '../../start-sandbox.js';
import { openOrg } from '../salesforce.fixture.js';

const NOW_MS = Date.parse('2026-03-24T16:00:30.250Z');

const query = (soql: string): string => `/query?q=${encodeURIComponent(soql)}`;
const codeOf = (body: unknown): unknown => (body as { errorCode: string }[])[0]?.errorCode;

describe('what goes wrong', () => {
  it.each<[path: string, status: number, errorCode: string]>([
    [query('SELECT Id FROM Nothing'), 400, 'INVALID_TYPE'],
    [query('SELECT Nothing FROM Contact'), 400, 'INVALID_FIELD'],
    [query('SELECT CurrencyIsoCode FROM Opportunity'), 400, 'INVALID_FIELD'],
    ['/query?q=nonsense', 400, 'MALFORMED_QUERY'],
    ['/query/01g8d0000000001AAA-2000', 400, 'INVALID_QUERY_LOCATOR'],
    ['/sobjects/Nothing/describe', 404, 'NOT_FOUND'],
    ['/sobjects/Contact/0038d0000000001AAA', 404, 'NOT_FOUND'],
    ['/sobjects/Contact/0038d0000000001AAA?fields=Nothing', 404, 'NOT_FOUND'],
    ['/sobjects/Contact/updated/?start=2026-03-24T16:00:00Z&end=2026-03-24T16:00:30Z', 400, 'INVALID_REPLICATION_DATE'],
    ['/sobjects/Contact/updated/?start=2026-02-01T00:00:00Z&end=2026-03-24T16:00:00Z', 400, 'INVALID_REPLICATION_DATE'],
    ['/sobjects/Contact/deleted/?start=2026-03-08T00:00:00Z&end=2026-03-24T16:00:00Z', 400, 'INVALID_REPLICATION_DATE'],
    ['/sobjects/Contact/deleted/?start=yesterday&end=2026-03-24T16:00:00Z', 400, 'INVALID_REPLICATION_DATE'],
    ['/sobjects/User/updated/?start=2026-03-24T15:00:00Z&end=2026-03-24T16:00:00Z', 400, 'INVALID_TYPE'],
    ['/services/data/v99.0/limits', 404, 'NOT_FOUND'],
  ])('%s: %i %s', async (path, status, errorCode) => {
    const { request } = await openOrg({}, () => NOW_MS);
    const answer = await request(path);
    expect([answer.status, codeOf(answer.body)]).toEqual([status, errorCode]);
  });

  it.each<[body: object, errorCode: string]>([
    [{ FirstName: 'Nobody' }, 'REQUIRED_FIELD_MISSING'],
    [{ LastName: 'A', Nothing: 1 }, 'INVALID_FIELD'],
    [{ LastName: 'A', IsDeleted: true }, 'INVALID_FIELD_FOR_INSERT_UPDATE'],
    [{ LastName: 'A', AccountId: 'nonsense' }, 'MALFORMED_ID'],
    [{ LastName: 'A', AccountId: '0018d0000000001AAA' }, 'INVALID_CROSS_REFERENCE_KEY'],
    [{ LastName: 'A', OwnerId: '0058d0000000001AAA' }, 'INVALID_CROSS_REFERENCE_KEY'],
    [{ LastName: 'A', Title: {} }, 'JSON_PARSER_ERROR'],
  ])('a create of %o: %s', async (json, errorCode) => {
    const { request } = await openOrg();
    const { status, body } = await request('/sobjects/Contact', { method: 'POST', json });
    expect([status, codeOf(body)]).toEqual([400, errorCode]);
  });

  it('fails, is slow and is over its limits as the knobs say', async () => {
    const { org, request } = await openOrg({ dailyLimit: 3, knobs: { apiFailNext: 1 } });
    expect((await request('/limits')).status).toBe(503);
    org.turnKnobs({ limitNext: 1, limitStatus: 429 });
    expect((await request('/limits')).status).toBe(429);
    expect((await request('/limits')).headers.get('sforce-limit-info')).toBe('api-usage=2/3');
    org.turnKnobs({ apiDelayMs: 60 });
    const before = performance.now();
    await request('/limits');
    expect(performance.now() - before).toBeGreaterThan(50);
    const { status, body } = await request('/limits');
    expect([status, codeOf(body)]).toEqual([403, 'REQUEST_LIMIT_EXCEEDED']);
    org.turnKnobs({ apiFailRate: 1, apiFailStatus: 500 });
    expect((await request('/limits')).status).toBe(500);
    expect(() => org.turnKnobs({ apiFailRate: 2 })).toThrow(/apiFailRate/);
  });

  it('locks rows at times, and writes nothing then', async () => {
    const { org, request, sandbox } = await openOrg({ knobs: { lockRate: 1 } });
    const contact = sandbox.crm.create('contacts', { lastname: 'Locked' }, { actor: UI_ACTOR });
    const records = [{ attributes: { type: 'Contact' }, id: org.idOf('contacts', contact.id), Title: 'x' }];
    const { body } = await request('/composite/sobjects', { method: 'PATCH', json: { records } });
    expect(body).toEqual([
      {
        success: false,
        errors: [{ statusCode: 'UNABLE_TO_LOCK_ROW', message: expect.any(String) as unknown, fields: [] }],
      },
    ]);
    expect(contact.properties.has('jobtitle')).toBe(false);
  });
});

describe('what rows tell', () => {
  it('stages, with what hangs on them', async () => {
    const { request, sandbox } = await openOrg({ isMultiCurrency: true });
    sandbox.crm.create(
      'deals',
      { dealname: 'Kiln', dealstage: 'closedwon', amount: '48500', closedate: '2026-03-24', deal_currency_code: 'EUR' },
      { actor: UI_ACTOR },
    );
    const { body } = await request(
      query('SELECT StageName, Amount, CloseDate, Probability, IsWon, CurrencyIsoCode FROM Opportunity'),
    );
    expect(body).toMatchObject({
      records: [
        {
          StageName: 'Closed Won',
          Amount: 48_500,
          CloseDate: '2026-03-24',
          Probability: 100,
          IsWon: true,
          CurrencyIsoCode: 'EUR',
        },
      ],
    });
    const stages = await request(
      query(
        'SELECT ApiName, IsClosed, IsWon, DefaultProbability, ForecastCategoryName FROM OpportunityStage WHERE IsClosed = true AND IsWon = false',
      ),
    );
    expect(stages.body).toMatchObject({
      records: [{ ApiName: 'Closed Lost', ForecastCategoryName: 'Omitted' }, { ApiName: 'Cancelled' }],
    });
  });

  it('to whole seconds, by the clock of the CRM, and late where a transaction was long', async () => {
    let nowMs = NOW_MS;
    const { request, org, sandbox } = await openOrg({ knobs: { clockSkewMs: -3_600_000 } }, () => nowMs);
    sandbox.crm.create('contacts', { lastname: 'Early' }, { actor: UI_ACTOR });
    org.turnKnobs({ lateRate: 1, lateMs: 60_000 });
    sandbox.crm.create('contacts', { lastname: 'Late' }, { actor: UI_ACTOR });
    const ask = async (): Promise<unknown> =>
      (await request(query('SELECT LastName, SystemModstamp FROM Contact'))).body;
    expect(await ask()).toMatchObject({
      records: [{ LastName: 'Early', SystemModstamp: '2026-03-24T15:00:30.000+0000' }],
    });
    nowMs += 60_000;
    expect(await ask()).toMatchObject({
      records: [{ LastName: 'Early' }, { LastName: 'Late', SystemModstamp: '2026-03-24T15:00:30.000+0000' }],
    });
  });

  it('a lookup leaves the record that it points at as it is', async () => {
    let nowMs = NOW_MS;
    const { request, org, sandbox } = await openOrg({}, () => nowMs);
    const company = sandbox.crm.create('companies', { name: 'Brightwater' }, { actor: UI_ACTOR });
    nowMs += 60_000;
    sandbox.crm.create('contacts', { lastname: 'A' }, { actor: UI_ACTOR, links: [{ to: company, typeIds: [] }] });
    const path = `/sobjects/Account/${org.idOf('companies', company.id)}?fields=SystemModstamp`;
    expect((await request(path)).body).toMatchObject({ SystemModstamp: '2026-03-24T16:00:30.000+0000' });
  });

  it('by any field, and made where nobody has the value', async () => {
    const { request } = await openOrg();
    const path = '/sobjects/Contact/Email/ada%40example.com';
    expect((await request(path)).status).toBe(404);
    const made = await request(path, { method: 'PATCH', json: { LastName: 'Lovelace' } });
    expect(made.body).toMatchObject({ created: true, success: true });
    expect((await request(path, { method: 'PATCH', json: { FirstName: 'Ada' } })).body).toMatchObject({
      created: false,
    });
    expect((await request(path)).body).toMatchObject({ Name: 'Ada Lovelace' });
  });

  it('fields that an admin adds, and not those that he takes away', async () => {
    const { request, org } = await openOrg();
    org.addField('Contact', 'Tier__c', 'double');
    org.removeField('Contact', 'Phone');
    expect((await request('/sobjects/Contact', { method: 'POST', json: { LastName: 'A', Tier__c: 2 } })).status).toBe(
      201,
    );
    expect((await request(query('SELECT Tier__c FROM Contact'))).body).toMatchObject({ records: [{ Tier__c: 2 }] });
    expect((await request(query('SELECT Phone FROM Contact'))).status).toBe(400);
  });

  it('too many ids, and a trimmed delete log, are refused', async () => {
    let nowMs = NOW_MS;
    const { request, org, sandbox } = await openOrg({ knobs: { idLimit: 1 } }, () => nowMs);
    for (const lastname of ['A', 'B'])
      sandbox.crm.archive(sandbox.crm.create('contacts', { lastname }, { actor: UI_ACTOR }), UI_ACTOR);
    nowMs += 300_000;
    const path = '/sobjects/Contact/deleted/?start=2026-03-24T16:00:00Z&end=2026-03-24T16:05:00Z';
    expect(codeOf((await request(path)).body)).toBe('EXCEEDED_ID_LIMIT');
    org.trimDeleteLog();
    expect(codeOf((await request(path)).body)).toBe('INVALID_REPLICATION_DATE');
  });
});
