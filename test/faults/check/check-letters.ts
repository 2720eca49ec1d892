import { PLUGIN } from '../mesh/fault-plugin.js';
import type { Evidence, Finding, Letter, LoggedEvent } from './evidence.js';
import { groupBy } from './group-by.js';

/** Exactly one dead letter, with payload and error, for each event that the plugin refuses, and none for any other. */
export function checkLetters({ events, letters }: Evidence): Finding[] {
  const byMessage = groupBy(letters, ({ consumer, stream, sequence }) => `${consumer} ${stream} ${sequence}`);
  const refused = events.filter(({ task }) => task === 'refuse');
  const expected = new Set(refused.map(({ sequence }) => `${PLUGIN} CRM_EVENTS ${sequence}`));
  return [
    ...refused.flatMap((event) => checkLetter(event, byMessage.get(`${PLUGIN} CRM_EVENTS ${event.sequence}`) ?? [])),
    ...[...byMessage].flatMap(([message, [letter]]): Finding[] =>
      expected.has(message) ? [] : [{ rule: 'no innocent is buried', what: `${message}: ${letter!.error}` }],
    ),
  ];
}

function checkLetter(event: LoggedEvent, letters: readonly Letter[]): Finding[] {
  const name = `${event.record}@${event.version}`;
  const complain = (what: string): Finding[] => [{ rule: 'dead letters are complete', what: `${name}: ${what}` }];
  if (letters.length !== 1) return complain(`${letters.length} dead letters`);
  if (letters[0]!.text !== event.text) return complain('its dead letter has another payload');
  if (!letters[0]!.error.startsWith('PermanentError: refused ')) return complain(`says ${letters[0]!.error}`);
  return [];
}
