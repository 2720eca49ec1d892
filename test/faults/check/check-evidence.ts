import { checkEffects } from './check-effects.js';
import { checkLetters } from './check-letters.js';
import { checkLog } from './check-log.js';
import type { Evidence, Finding } from './evidence.js';

/** What the mesh promises, held against what was found. Empty when all is well. */
export function checkEvidence(evidence: Evidence): Finding[] {
  return [...checkSettled(evidence), ...checkLog(evidence), ...checkEffects(evidence), ...checkLetters(evidence)];
}

function checkSettled({ waiting }: Evidence): Finding[] {
  return Object.entries(waiting).flatMap(([place, count]): Finding[] =>
    count === 0 ? [] : [{ rule: 'all is settled', what: `${place}: ${count}` }],
  );
}
