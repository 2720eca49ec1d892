import { PLUGIN } from '../mesh/fault-plugin.js';
import type { Evidence, Finding, Letter, LoggedEvent } from './evidence.js';
import { groupBy } from './group-by.js';

const REFUSED = /^PermanentError: refused /;
const GIVEN_UP = /^(DeliveriesExhausted|DeliveryForgotten): /;

/** Exactly one dead letter, with payload and error, for each event that the plugin refuses or never got, and none for any other. */
export function checkLetters({ events, letters, givenUp }: Evidence): Finding[] {
  const byMessage = groupBy(letters, ({ consumer, stream, sequence }) => `${consumer} ${stream} ${sequence}`);
  const buried = events.filter(({ task, sequence }) => task === 'refuse' || givenUp.has(sequence));
  const nameMessage = ({ sequence }: LoggedEvent): string => `${PLUGIN} CRM_EVENTS ${sequence}`;
  const expected = new Set(buried.map(nameMessage));
  return [
    ...buried.flatMap((event) => {
      const error = givenUp.has(event.sequence) ? GIVEN_UP : REFUSED;
      return checkLetter(event, error, byMessage.get(nameMessage(event)) ?? []);
    }),
    ...[...byMessage].flatMap(([message, [letter]]): Finding[] =>
      expected.has(message) ? [] : [{ rule: 'no innocent is buried', what: `${message}: ${letter!.error}` }],
    ),
  ];
}

function checkLetter(event: LoggedEvent, error: RegExp, letters: readonly Letter[]): Finding[] {
  const name = `${event.record}@${event.version}`;
  const complain = (what: string): Finding[] => [{ rule: 'dead letters are complete', what: `${name}: ${what}` }];
  if (letters.length !== 1) return complain(`${letters.length} dead letters`);
  if (letters[0]!.text !== event.text) return complain('its dead letter has another payload');
  if (!error.test(letters[0]!.error)) return complain(`says ${letters[0]!.error}`);
  return [];
}
