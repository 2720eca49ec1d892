import pc from 'picocolors';
import type { OpenDeadLetter } from '../mesh/dead-letters.js';
import type { LetterGroup } from '../mesh/group-letters.js';
import { cutText, formatAge, formatCount } from './format.js';
import { renderTable } from './table.js';

const COLUMNS = [
  { title: 'sequence', align: 'right' as const },
  { title: 'buried' },
  { title: 'group' },
  { title: 'consumer' },
  { title: 'record' },
  { title: 'attempts', align: 'right' as const },
  { title: 'error' },
];

export function renderDeadLetters(letters: readonly OpenDeadLetter[], total: number, nowMs: number): string {
  if (letters.length === 0) return total === 0 ? `${pc.green('✓')} no dead letters` : 'None of these.';
  const rows = letters.map((letter) => [
    letter.sequence,
    formatAge(letter.buriedAt, nowMs),
    letter.group,
    letter.consumer,
    letter.record,
    letter.attemptCount,
    cutText(`${letter.error.name}: ${letter.error.message}`, 70),
  ]);
  const more =
    total > letters.length ? `\n${pc.dim(`${letters.length} of ${formatCount(total)}; --limit shows more`)}` : '';
  return `${renderTable(COLUMNS, rows)}${more}\n${pc.dim('mesh dead show SEQUENCE · mesh dead list --groups · mesh dead redrive SEQUENCE')}`;
}

const GROUP_COLUMNS = [
  { title: 'group' },
  { title: 'letters', align: 'right' as const },
  { title: 'records', align: 'right' as const },
  { title: 'consumer' },
  { title: 'version' },
  { title: 'last' },
  { title: 'error' },
];

export function renderGroups(groups: readonly LetterGroup[], nowMs: number): string {
  if (groups.length === 0) return `${pc.green('✓')} no dead letters`;
  const rows = groups.map((group) => [
    group.group,
    formatCount(group.count),
    formatCount(group.records),
    group.consumer,
    group.version,
    formatAge(group.lastBuriedAt, nowMs),
    cutText(`${group.error.name}: ${group.error.message}`, 60),
  ]);
  const next =
    'mesh dead list --group GROUP · mesh dead patch --group GROUP --with FILE · mesh dead redrive --group GROUP';
  return `${renderTable(GROUP_COLUMNS, rows)}\n${pc.dim(next)}`;
}

export function renderDeadLetter(letter: OpenDeadLetter): string {
  const { original } = letter;
  const rows: readonly (readonly [string, string])[] = [
    ['consumer', `${letter.consumer} (version ${letter.version})`],
    ['record', letter.record],
    ['buried', letter.buriedAt],
    ['attempts', String(letter.attemptCount)],
    ['group', letter.group],
    ...(letter.traceId === undefined ? [] : [['trace', letter.traceId] as const]),
    ...(letter.copy === undefined ? [] : [['redriven', describeCopy(letter.copy)] as const]),
    ['message', `${original.stream} ${original.sequence}, ${original.subject}, stored ${original.storedAt}`],
  ];
  return [
    pc.bold(`Dead letter ${letter.sequence}`),
    ...rows.map(([name, text]) => `  ${name.padEnd(9)} ${text}`),
    '',
    pc.red(`${letter.error.name}: ${letter.error.message}`),
    ...(letter.error.stack ? [pc.dim(letter.error.stack.split('\n').slice(1).join('\n'))] : []),
    ...letter.attempts.map(({ at, error }) => pc.dim(`  ${at}  ${error.name}: ${error.message}`)),
    '',
    renderPayload(original),
  ].join('\n');
}

function describeCopy({ sequence, by, patch }: NonNullable<OpenDeadLetter['copy']>): string {
  return `before, by ${by}${patch === undefined ? '' : `, with patch ${patch}`} (CRM_DIRECT ${sequence})`;
}

function renderPayload(original: OpenDeadLetter['original']): string {
  if (original.payload !== undefined) return JSON.stringify(original.payload, undefined, 2);
  if (original.payloadText !== undefined) return original.payloadText;
  if (original.payloadBase64 !== undefined) return `${original.payloadBase64} ${pc.dim('(base64)')}`;
  return pc.dim(`The payload is too large to repeat: nats stream get ${original.stream} ${original.sequence}`);
}
