import { describe, expect, it } from 'vitest';
import type { Row } from '../rows/records.js';
import { listObjects } from '../schema/objects.js';
import type { Value } from '../schema/field.js';
import { evaluate } from './evaluate.js';
import { parseQuery } from './parse.js';

const opportunity = listObjects(false).find(({ name }) => name === 'Opportunity');

const ROWS: Record<string, Value>[] = [
  {
    Id: '0068d00000000A1AAI',
    Name: 'Kiln line',
    Amount: 48_500,
    CloseDate: '2026-03-24',
    IsWon: true,
    SystemModstamp: '2026-03-24T15:59:58.000+0000',
  },
  {
    Id: '0068d00000000A2AAI',
    Name: "O'Neil's burner",
    Amount: null,
    CloseDate: '2026-06-30',
    IsWon: false,
    SystemModstamp: '2026-03-24T15:59:58.000+0000',
  },
  {
    Id: '0068d00000000A3AAI',
    Name: 'kiln_50%',
    Amount: 7,
    CloseDate: null,
    IsWon: false,
    SystemModstamp: '2026-03-25T00:00:00.000+0000',
  },
];

function find(where: string): string[] {
  const query = parseQuery(`SELECT Id FROM Opportunity ${where}`);
  if (!opportunity) throw new Error('no such object');
  const rows: Row[] = ROWS.map((row) => ({ id: String(row['Id']), read: ({ name }) => row[name] ?? null }));
  return evaluate(query, opportunity, rows).map(({ id }) => id.slice(13, 15));
}

describe('what a query finds', () => {
  it.each<[where: string, found: string[]]>([
    ['', ['A1', 'A2', 'A3']],
    ["WHERE Name = 'kiln LINE'", ['A1']],
    [String.raw`WHERE Name = 'O\'Neil\'s burner'`, ['A2']],
    ["WHERE Name LIKE 'kiln%'", ['A1', 'A3']],
    [String.raw`WHERE Name LIKE 'kiln\_50\%'`, ['A3']],
    ["WHERE Id = '0068d00000000A1'", ['A1']],
    ["WHERE Id IN ('0068d00000000A1AAI', '0068d00000000A3')", ['A1', 'A3']],
    ["WHERE Id NOT IN ('0068d00000000A1AAI')", ['A2', 'A3']],
    ['WHERE Amount = null', ['A2']],
    ['WHERE Amount != null', ['A1', 'A3']],
    ['WHERE Amount > 7', ['A1']],
    ['WHERE Amount >= 7.0', ['A1', 'A3']],
    ['WHERE Amount < 100', ['A3']],
    ['WHERE IsWon = TRUE', ['A1']],
    ['WHERE IsWon <> true', ['A2', 'A3']],
    ['WHERE CloseDate <= 2026-03-24', ['A1']],
    ['WHERE SystemModstamp = 2026-03-24T15:59:58Z', ['A1', 'A2']],
    ['WHERE SystemModstamp > 2026-03-24T16:59:58.000+01:00', ['A3']],
    ['WHERE NOT IsWon = true', ['A2', 'A3']],
    ['WHERE (IsWon = true AND Amount > 1) OR Amount = 7', ['A1', 'A3']],
    [
      "WHERE (SystemModstamp = 2026-03-24T15:59:58.000Z AND Id > '0068d00000000A1AAI') OR SystemModstamp > 2026-03-24T15:59:58.000Z ORDER BY SystemModstamp, Id LIMIT 2000",
      ['A2', 'A3'],
    ],
    ['ORDER BY SystemModstamp DESC, Name ASC', ['A3', 'A1', 'A2']],
    ['ORDER BY Amount', ['A2', 'A3', 'A1']],
    ['ORDER BY Amount DESC NULLS LAST', ['A1', 'A3', 'A2']],
    ['ORDER BY Name LIMIT 1 OFFSET 1', ['A3']],
    ['LIMIT 0', []],
  ])('%s', (where, found) => {
    expect(find(where)).toEqual(found);
  });
});

describe('what is refused', () => {
  it.each<[query: string, errorCode: string, message: RegExp]>([
    ['', 'MALFORMED_QUERY', /unexpected end of query, expecting SELECT/],
    ['SELECT FROM Opportunity', 'MALFORMED_QUERY', /unexpected token/],
    ['SELECT Id Opportunity', 'MALFORMED_QUERY', /expecting FROM/],
    ['SELECT Id FROM Opportunity WHERE', 'MALFORMED_QUERY', /unexpected end/],
    ['SELECT Id FROM Opportunity WHERE Name', 'MALFORMED_QUERY', /unexpected end/],
    ['SELECT Id FROM Opportunity WHERE IsWon = true AND Amount = 1 OR Amount = 2', 'MALFORMED_QUERY', /'OR'/],
    ['SELECT Id FROM Opportunity GROUP BY Name', 'MALFORMED_QUERY', /'GROUP'/],
    ['SELECT Id FROM Opportunity LIMIT many', 'MALFORMED_QUERY', /whole number/],
    ["SELECT Id FROM Opportunity WHERE Name = 'open", 'MALFORMED_QUERY', /unexpected character: '''/],
    ['SELECT Id FROM Opportunity WHERE SystemModstamp > 2026-03-24T15:59:58', 'MALFORMED_QUERY', /Row:1:Column:/],
    ['SELECT Id FROM Opportunity WHERE Nothing = 1', 'INVALID_FIELD', /No such column 'Nothing'/],
    ['SELECT Id FROM Opportunity WHERE CurrencyIsoCode = null', 'INVALID_FIELD', /CurrencyIsoCode/],
    ['SELECT Id FROM Opportunity ORDER BY Nothing', 'INVALID_FIELD', /Nothing/],
    [
      "SELECT Id FROM Opportunity WHERE SystemModstamp > '2026-03-24T15:59:58Z'",
      'INVALID_FIELD',
      /not be enclosed in quotes/,
    ],
    ["SELECT Id FROM Opportunity WHERE Amount > '7'", 'INVALID_FIELD', /type currency/],
    ['SELECT Id FROM Opportunity WHERE Name = 7', 'INVALID_FIELD', /enclosed in quotes/],
  ])('%s', (text, errorCode, message) => {
    const run = (): unknown => opportunity && evaluate(parseQuery(text), opportunity, []);
    expect(run).toThrow(
      expect.objectContaining({ errorCode, message: expect.stringMatching(message) as unknown }) as Error,
    );
  });
});

it('reads COUNT()', () => {
  expect(parseQuery('select count() from Contact')).toEqual({ select: 'count', from: 'Contact', orderBy: [] });
});
