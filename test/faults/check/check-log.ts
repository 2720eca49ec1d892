import type { Evidence, Finding } from './evidence.js';
import { groupBy } from './group-by.js';

/** From the sender to the log: CRM_RAW, CRM_EVENTS and the ledger. */
export function checkLog(evidence: Evidence): Finding[] {
  return [...checkRaw(evidence), ...checkVersions(evidence), ...checkLastStatement(evidence), ...checkLedger(evidence)];
}

function checkRaw({ statements, raw }: Evidence): Finding[] {
  const stored = new Map<string, number>();
  for (const { connection, statementId } of raw) {
    const key = `${connection} ${statementId}`;
    stored.set(key, (stored.get(key) ?? 0) + 1);
  }
  const lost = statements.filter(
    ({ isAnswered, tenant, connection, statementId }) =>
      isAnswered && !stored.has(`${tenant}/${connection} ${statementId}`),
  );
  const twice = [...stored].filter(([, count]) => count > 1);
  return [
    ...lost.map(({ tenant, connection, statementId }): Finding => {
      const what = `${tenant}/${connection} ${statementId} was answered 2xx and is not in CRM_RAW`;
      return { rule: 'nothing answered 2xx is lost', what };
    }),
    ...twice.map(([key, count]): Finding => ({ rule: 'nothing is stored twice', what: `${key}: ${count} times` })),
  ];
}

function checkVersions({ events }: Evidence): Finding[] {
  const findings: Finding[] = [];
  for (const [record, versions] of groupBy(events, (event) => event.record)) {
    for (const [index, event] of versions.entries()) {
      const before = versions[index - 1];
      if (event.version !== index + 1) {
        const what = `${record}: version ${event.version} at sequence ${event.sequence}, where ${index + 1} was due`;
        findings.push({ rule: 'versions have no gap and no fork', what });
      }
      if (before !== undefined && event.edit <= before.edit) {
        const what = `${record}@${event.version} tells edit ${event.edit} after edit ${before.edit}`;
        findings.push({ rule: 'no older state follows a newer one', what });
      }
    }
  }
  return findings;
}

/** Of each record the newest notification of CRM_RAW is what its last event tells. */
function checkLastStatement({ raw, events }: Evidence): Finding[] {
  const newest = new Map<string, number>();
  for (const { record, edit } of raw) newest.set(record, Math.max(edit, newest.get(record) ?? 0));
  const told = groupBy(events, ({ record }) => record);
  return [...newest].flatMap(([record, edit]): Finding[] => {
    const last = told.get(record)?.at(-1)?.edit;
    if (last === edit) return [];
    return [
      { rule: 'the last statement is told', what: `${record}: edit ${edit} is in CRM_RAW, ${last} was told last` },
    ];
  });
}

function checkLedger({ events, ledger }: Evidence): Finding[] {
  const told = groupBy(events, ({ record }) => record);
  const rows = new Map(ledger.map((row) => [row.record, row]));
  const records = new Set([...told.keys(), ...rows.keys()]);
  return [...records].flatMap((record): Finding[] => {
    const event = told.get(record)?.at(-1);
    const row = rows.get(record);
    if (event?.version === row?.version && event?.edit === row?.edit) return [];
    const what = `${record}: the log ends at ${say(event)}, the ledger at ${say(row)}`;
    return [{ rule: 'the ledger is what the log says', what }];
  });
}

function say(state: { version: number; edit: number } | undefined): string {
  return state ? `version ${state.version} (edit ${state.edit})` : 'nothing';
}
