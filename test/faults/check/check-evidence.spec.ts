import { describe, expect, it } from 'vitest';
import type { Statement } from '../mesh/statement.js';
import { checkEvidence } from './check-evidence.js';
import type { Effect, Evidence, Letter, LoggedEvent, Rule } from './evidence.js';

const RECORD = 'acme/shop/company/A';
const HOST = 11;
const NEXT_HOST = 12;

const statement = (edit: number, part: Partial<Statement> = {}): Statement => ({
  tenant: 'acme',
  connection: 'shop',
  id: 'A',
  edit,
  statementId: `A-${edit}`,
  task: 'work',
  isAnswered: true,
  ...part,
});
const event = (version: number, part: Partial<LoggedEvent> = {}): LoggedEvent => ({
  sequence: version,
  record: RECORD,
  version,
  edit: version,
  task: 'work',
  text: `{"version":${version}}`,
  ...part,
});
const raw = (edit: number) => ({
  sequence: edit,
  connection: 'acme/shop',
  statementId: `A-${edit}`,
  record: RECORD,
  edit,
});
const done = (version: number, life = HOST, part: Partial<Effect> = {}): Effect => ({
  record: RECORD,
  version,
  attempt: 1,
  step: 'done',
  life,
  ...part,
});
const letter = (sequence: number, part: Partial<Letter> = {}): Letter => ({
  consumer: 'faults',
  stream: 'CRM_EVENTS',
  sequence,
  error: 'PermanentError: refused acme/shop/company/A@2',
  text: `{"version":${sequence}}`,
  ...part,
});

/** Three edits of one record, all well. */
const WELL: Evidence = {
  statements: [1, 2, 3].map((edit) => statement(edit)),
  raw: [1, 2, 3].map(raw),
  events: [1, 2, 3].map((version) => event(version)),
  letters: [],
  ledger: [{ record: RECORD, version: 3, edit: 3 }],
  effects: [1, 2, 3].map((version) => done(version)),
  crashedLives: new Set(),
  givenUp: new Set(),
  waiting: { outbox: 0 },
};
const crashed = { crashedLives: new Set([HOST]) };
const refusing = {
  events: [event(1), event(2, { task: 'refuse' }), event(3)],
  effects: [done(1), done(2, HOST, { step: 'refused' }), done(3)],
};

const EXHAUSTED = 'DeliveriesExhausted: the server gave it up';
const givenUp = { givenUp: new Set([2]), effects: [done(1), done(3)] };

const cases: [string, Partial<Evidence>, Rule[]][] = [
  ['all well', {}, []],
  ['not answered and not stored', { statements: [...WELL.statements, statement(4, { isAnswered: false })] }, []],
  [
    'not answered and stored all the same',
    { statements: [statement(1), statement(2), statement(3, { isAnswered: false })] },
    [],
  ],
  ['answered and not stored', { statements: [...WELL.statements, statement(4)] }, ['nothing answered 2xx is lost']],
  [
    'stored for another tenant only',
    { statements: [...WELL.statements, statement(1, { tenant: 'globex' })] },
    ['nothing answered 2xx is lost'],
  ],
  ['stored twice', { raw: [...WELL.raw, raw(3)] }, ['nothing is stored twice']],
  [
    'a version left out',
    {
      events: [event(1), event(3, { edit: 2 }), event(4, { edit: 3 })],
      ledger: [{ record: RECORD, version: 4, edit: 3 }],
      effects: [done(1), done(3), done(4)],
    },
    ['versions have no gap and no fork', 'versions have no gap and no fork', 'order per record'],
  ],
  [
    'a version told twice',
    {
      events: [event(1), event(2), event(2, { sequence: 3, edit: 3 })],
      ledger: [{ record: RECORD, version: 2, edit: 3 }],
      effects: [done(1), done(2)],
    },
    ['versions have no gap and no fork'],
  ],
  [
    'an older state after a newer one',
    { events: [event(1), event(2, { edit: 3 }), event(3, { edit: 2 })] },
    ['no older state follows a newer one', 'the last statement is told', 'the ledger is what the log says'],
  ],
  [
    'the newest never told',
    { events: [event(1), event(2)], ledger: [{ record: RECORD, version: 2, edit: 2 }], effects: [done(1), done(2)] },
    ['the last statement is told'],
  ],
  ['a ledger behind', { ledger: [{ record: RECORD, version: 2, edit: 2 }] }, ['the ledger is what the log says']],
  ['a ledger ahead', { ledger: [{ record: RECORD, version: 4, edit: 4 }] }, ['the ledger is what the log says']],
  ['no ledger', { ledger: [] }, ['the ledger is what the log says']],
  ['no effect', { effects: [done(1), done(2)] }, ['every event has its effect']],
  ['begun only', { effects: [done(1), done(2), done(3, HOST, { step: 'begin' })] }, ['every event has its effect']],
  ['overtaken', { effects: [done(1), done(3), done(2)] }, ['order per record', 'only a crash repeats']],
  [
    'overtaken after a crash',
    { ...crashed, effects: [done(1), done(3, NEXT_HOST), done(2, NEXT_HOST)] },
    ['order per record', 'only a crash repeats'],
  ],
  ['twice in one life', { effects: [done(1), done(2), done(2), done(3)] }, ['only a crash repeats']],
  [
    'twice after an orderly stop',
    { effects: [done(1), done(2), done(2, NEXT_HOST), done(3, NEXT_HOST)] },
    ['only a crash repeats'],
  ],
  [
    'the last part again after a crash',
    { ...crashed, effects: [done(1), done(2), done(2, NEXT_HOST), done(3, NEXT_HOST)] },
    [],
  ],
  [
    'a repetition that leaves one out',
    { ...crashed, effects: [done(1), done(2), done(3), done(1, NEXT_HOST), done(3, NEXT_HOST)] },
    ['order per record'],
  ],
  ['refused and buried', { ...refusing, letters: [letter(2)] }, []],
  ['refused and not buried', { ...refusing }, ['dead letters are complete']],
  ['buried twice', { ...refusing, letters: [letter(2), letter(2)] }, ['dead letters are complete']],
  [
    'buried without its payload',
    { ...refusing, letters: [letter(2, { text: undefined })] },
    ['dead letters are complete'],
  ],
  [
    'buried with another error',
    { ...refusing, letters: [letter(2, { error: 'Error: delivered 3 times' })] },
    ['dead letters are complete'],
  ],
  ['an innocent buried', { letters: [letter(3)] }, ['no innocent is buried']],
  [
    'a notification buried',
    { letters: [letter(1, { consumer: 'normaliser', stream: 'CRM_RAW' })] },
    ['no innocent is buried'],
  ],
  ['given up by the server and buried', { ...givenUp, letters: [letter(2, { error: EXHAUSTED })] }, []],
  [
    'given up by a server that forgot to say so, and buried',
    { ...givenUp, letters: [letter(2, { error: 'DeliveryForgotten: the server holds it for settled' })] },
    [],
  ],
  ['given up and not buried', { ...givenUp }, ['dead letters are complete']],
  [
    'given up and buried twice',
    { ...givenUp, letters: [letter(2, { error: EXHAUSTED }), letter(2, { error: EXHAUSTED })] },
    ['dead letters are complete'],
  ],
  [
    'given up and handled all the same',
    { ...givenUp, effects: WELL.effects, letters: [letter(2, { error: EXHAUSTED })] },
    ['only a crash repeats'],
  ],
  ['buried as given up, and was not', { letters: [letter(2, { error: EXHAUSTED })] }, ['no innocent is buried']],
  ['something waits', { waiting: { outbox: 2 } }, ['all is settled']],
];

describe('the checker', () => {
  it.each(cases)('%s', (_name, part, rules) => {
    expect(checkEvidence({ ...WELL, ...part }).map(({ rule }) => rule)).toEqual(rules);
  });
});
