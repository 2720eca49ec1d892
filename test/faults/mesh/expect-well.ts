import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { checkEvidence } from '../check/check-evidence.js';
import type { Evidence, Finding } from '../check/evidence.js';
import { gatherEvidence } from '../check/gather-evidence.js';
import { REPEAT, SEED } from '../settings.js';
import type { FaultMesh } from './fault-mesh.js';

const SHOWN = 20;
/** Of each app. */
const SHOWN_LINES = 6;
const SHOWN_CHARACTERS = 300;
/** Not in git; what is kept of runs that failed. */
const KEPT = '.cache/faults';

/** Waits for the end of all work, ends the apps and lets the checker look. */
export async function findFaults(mesh: FaultMesh, drainTimeoutMs?: number): Promise<Finding[]> {
  return (await inspect(mesh, drainTimeoutMs)).findings;
}

/** Fails with what the checker found and the seed; keeps evidence, databases and logs for whoever looks into it. */
export async function expectWell(mesh: FaultMesh, history: readonly string[] = []): Promise<void> {
  const { findings, evidence } = await inspect(mesh);
  if (findings.length === 0) return;
  const folder = `${KEPT}/${SEED}-${process.pid}-${Date.now()}`;
  keep(join(import.meta.dirname, '../../..', folder), { mesh, evidence, findings });
  const report = [
    `${findings.length} findings; to repeat: ${REPEAT}; kept in ${folder}`,
    ...findings.slice(0, SHOWN).map(({ rule, what }) => `${rule}: ${what}`),
    ...history.map((line) => `- ${line}`),
    ...[mesh.publisher, mesh.host].flatMap(({ lines }) =>
      lines.slice(-SHOWN_LINES).map((line) => line.slice(0, SHOWN_CHARACTERS)),
    ),
  ];
  expect.fail(report.join('\n'));
}

async function inspect(mesh: FaultMesh, drainTimeoutMs?: number): Promise<{ findings: Finding[]; evidence: Evidence }> {
  const stuck = await mesh.drained(drainTimeoutMs).then(
    () => undefined,
    (error: unknown) => error,
  );
  const evidence = await gatherEvidence(mesh);
  const findings = checkEvidence(evidence);
  if (stuck === undefined || findings.some(({ rule }) => rule === 'all is settled')) return { findings, evidence };
  return { findings: [{ rule: 'all is settled', what: String(stuck) }, ...findings], evidence };
}

function keep(folder: string, found: { mesh: FaultMesh; evidence: Evidence; findings: Finding[] }): void {
  mkdirSync(folder, { recursive: true });
  cpSync(found.mesh.folder, folder, { recursive: true });
  const { statements: _sent, crashedLives, ...evidence } = found.evidence;
  const text = { findings: found.findings, crashedLives: [...crashedLives], ...evidence };
  writeFileSync(join(folder, 'evidence.json'), JSON.stringify(text, undefined, 1));
}
