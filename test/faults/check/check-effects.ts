import type { Effect, Evidence, Finding } from './evidence.js';
import { groupBy } from './group-by.js';

/** Steps that end an event: it was done, or refused for good. */
type Ending = Effect & { step: 'done' | 'refused' };

/**
 * Each event ends, in stream order, once; only a crash of the host repeats, and then always the last part of a record:
 * each life of the host goes through the record without a gap, and begins no later than one behind where the last ended.
 */
export function checkEffects({ events, effects, crashedLives, givenUp }: Evidence): Finding[] {
  const findings: Finding[] = [];
  const leftOut = new Set(events.filter(({ sequence }) => givenUp.has(sequence)).map(nameEvent));
  const endings = groupBy(
    effects.filter((effect): effect is Ending => effect.step !== 'begin'),
    ({ record }) => record,
  );
  for (const [record, ofRecord] of endings) {
    findings.push(
      ...checkRecord(ofRecord, { crashedLives, isLeftOut: (version) => leftOut.has(nameEvent({ record, version })) }),
    );
  }
  const ended = new Set(effects.filter(({ step }) => step !== 'begin').map(nameEvent));
  for (const event of events) {
    if (!ended.has(nameEvent(event)) && !givenUp.has(event.sequence))
      findings.push({ rule: 'every event has its effect', what: nameEvent(event) });
  }
  return findings;
}

interface Exceptions {
  crashedLives: ReadonlySet<number>;
  /** Versions that never came to the plugin. */
  isLeftOut(version: number): boolean;
}

function checkRecord(endings: readonly Ending[], { crashedLives, isLeftOut }: Exceptions): Finding[] {
  const findings: Finding[] = [];
  let before: Ending | undefined;
  let highest = 0;
  for (const ending of endings) {
    const { record, version, life } = ending;
    let due = (before?.version ?? 0) + 1;
    while (isLeftOut(due)) due += 1;
    const isNewLife = before !== undefined && before.life !== life;
    const place = `${record}@${version} in process ${life}, where @${due} was due`;
    if (version > due) findings.push({ rule: 'order per record', what: `${place}: overtaken or left out` });
    else if (version < due) {
      if (!isNewLife || !crashedLives.has(before!.life)) findings.push({ rule: 'only a crash repeats', what: place });
      else if (version > highest) findings.push({ rule: 'order per record', what: place });
    }
    before = ending;
    highest = Math.max(highest, version);
  }
  return findings;
}

function nameEvent({ record, version }: { record: string; version: number }): string {
  return `${record}@${version}`;
}
