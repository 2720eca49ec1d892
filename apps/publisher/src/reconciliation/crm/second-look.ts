import type { RecordPlace } from '@crm-mesh/contract';
import { compareRecord, describeKnown, describeSight, isUnchanged, type Mismatch } from '@crm-mesh/reconciliation';
import type { NotificationDraft } from '@crm-mesh/sdk';
import { pauseFor } from '../../pause-for.js';
import { catchUp } from './catch-up.js';
import { chooseGraceMs } from './choose-grace.js';
import { readSight } from './read-sight.js';
import { idOfPlace, type Noted, type Scratch } from './scratch.js';
import { placeDrafts, type Asked, type Sides } from './sides.js';
import { goTo, type Stage, type Taken } from './stage.js';
import { keepDraft, toKnown, toMismatch, type Suspect } from './suspect.js';

const DEFAULT_BATCH_SIZE = 100;
const SETTLED_AT_ONCE = 500;
const WHY_IT_WAITS = 'what differs must differ still when all that is on its way has arrived';

interface Parts {
  sides: Sides;
  scratch: Scratch;
}

/** A suspect with what the CRM says of it now; without a draft it has no such record. */
interface Looked extends Noted<Suspect> {
  draft: NotificationDraft | undefined;
}

/** The CRM is asked by id: what an index of it hides is not gone, and what was touched for nothing is not stale. */
export async function lookById(parts: Parts, stage: Stage, signal: AbortSignal): Promise<Taken> {
  const { sides, scratch } = parts;
  const { fetchBatchSize = DEFAULT_BATCH_SIZE } = sides.connection.source;
  const batch = await scratch.listSuspects<Suspect>(stage.at ?? '', fetchBatchSize);
  const last = batch.at(-1);
  if (!last) return beginSettling(sides, stage);
  const asked = await sides.fetch(
    batch.map(({ place }) => idOfPlace(place)),
    signal,
  );
  const looked = batch.map(({ place, note }): Looked => {
    const [{ entity }, id] = [sides.scope, idOfPlace(place)];
    const fetched = asked.answer.get(id);
    const row = { dedupeKey: place, payload: null, ...note.draft };
    return {
      place,
      note,
      draft: fetched === undefined ? undefined : { ...row, entity, id, change: 'unknown', fetched },
    };
  });
  const winnerCalls = await nameWinners(sides, looked, signal);
  await prove(parts, { looked, asked });
  const calls = asked.countCalls() + winnerCalls;
  return { rows: batch.length, calls, next: goTo(stage, 'look', { at: last.place }) };
}

/** What is gone may be merged: a CRM that knows it is asked for the record that stays. Resolves to the calls that it took. */
async function nameWinners(sides: Sides, looked: readonly Looked[], signal: AbortSignal): Promise<number> {
  const gone = looked.filter(({ draft, note }) => !draft && note.known?.state === 'present' && !note.winner);
  const asked = await sides.findWinners(
    gone.map(({ place }) => idOfPlace(place)),
    signal,
  );
  for (const { place, note } of gone) {
    const winner = asked?.answer.get(idOfPlace(place));
    if (winner !== undefined) note.winner = winner;
  }
  return asked?.countCalls() ?? 0;
}

/** A second scan, where there are suspects and the CRM cannot be asked for them alone. */
export async function lookByScan(parts: Parts, stage: Stage, signal: AbortSignal): Promise<Taken> {
  const { sides, scratch } = parts;
  const isAnySuspect = (await scratch.listSuspects('', 1)).length > 0;
  if (!isAnySuspect) return { next: goTo(stage, 'settle') };
  const asked = await sides.scanPage(stage.at, signal);
  const rows = placeDrafts(asked.answer.drafts);
  const suspects = await scratch.findSuspects<Suspect>([...rows.keys()]);
  const looked = suspects.map(({ place, note }) => ({ place, note, draft: rows.get(place) }));
  await prove(parts, { looked, asked });
  const { cursor } = asked.answer;
  const went = cursor === undefined ? beginSettling(sides, stage) : { next: goTo(stage, 'again', { at: cursor }) };
  return { rows: rows.size, calls: asked.countCalls(), ...went };
}

/**
 * Keeps what differs still; the others are no suspects. Nor is what the ledger was told of since the first look: that may be
 * newer than what the CRM answered.
 */
async function prove(
  { sides, scratch }: Parts,
  { looked, asked }: { looked: readonly Looked[]; asked: Asked<unknown> },
): Promise<void> {
  if (looked.length === 0) return;
  const entries = await sides.readEntries(looked.map(({ place }) => place));
  const proved: Noted<Suspect>[] = [];
  const cleared: RecordPlace[] = [];
  for (const [at, one] of looked.entries()) {
    const suspect = await proveOne(one, { asked, entry: entries[at] });
    if (suspect) proved.push({ place: one.place, note: suspect });
    else cleared.push(one.place);
  }
  await scratch.note({ met: [], suspects: proved });
  await scratch.clear(cleared);
}

type Entry = Awaited<ReturnType<Sides['readEntries']>>[number];

async function proveOne(
  { note, draft }: Looked,
  { asked, entry }: { asked: Asked<unknown>; entry: Entry },
): Promise<Suspect | undefined> {
  const { connection, context, readMs } = asked;
  if (draft?.fetched instanceof Error) {
    const { entity, id, fetched: err } = draft;
    context.log.warn({ err, entity, id }, 'a record cannot be read, and so cannot be compared');
    return undefined;
  }
  const sight = draft ? await readSight({ connection, context, draft, entry, readMs }) : { isGone: true };
  const known = toKnown(entry);
  const kind = compareRecord(sight, known);
  if (!kind || !isUnchanged(note.known, known)) return undefined;
  return {
    ...{ kind: note.kind, readMs },
    ...(known && { known }),
    ...(draft ? { draft: keepDraft(connection.source, draft) } : note.winner && { winner: note.winner }),
    proved: { kind, expected: describeSight(kind, sight), found: describeKnown(kind, known) },
  };
}

function beginSettling({ connection, dependencies }: Sides, stage: Stage): Taken {
  const { now, graceMs = chooseGraceMs(connection, now()) } = dependencies;
  const standsMs = now() + graceMs;
  return { next: goTo(stage, 'settle', { standsMs }), waits: { untilMs: standsMs, why: WHY_IT_WAITS } };
}

/** What was on its way when it was looked at has come by now: what the ledger knows no more of since, differs. */
export async function settle({ sides, scratch }: Parts, stage: Stage, signal: AbortSignal): Promise<Taken> {
  const batch = await scratch.listSuspects<Suspect>(stage.at ?? '', SETTLED_AT_ONCE);
  const last = batch.at(-1);
  if (!last) return { next: goTo(stage, 'sweep') };
  const { nats, ledger, now } = sides.dependencies;
  const { standsMs = now() } = stage;
  await pauseFor(Math.max(0, standsMs - now()), signal);
  await catchUp(nats, ledger, signal);
  const entries = await sides.readEntries(batch.map(({ place }) => place));
  const found: Mismatch[] = [];
  const cleared: RecordPlace[] = [];
  for (const [at, { place, note }] of batch.entries()) {
    const proved = note.proved ?? proveUnmet(sides, note);
    if (proved && isUnchanged(note.known, toKnown(entries[at]))) found.push(toMismatch(sides.keyOf(place), proved));
    else cleared.push(place);
  }
  await scratch.clear(cleared);
  return { next: goTo(stage, 'settle', { at: last.place, standsMs }), found };
}

/** No second scan has shown it either. */
function proveUnmet({ canFetch }: Sides, { kind, known }: Suspect): Suspect['proved'] {
  return kind === 'extra' && !canFetch ? { kind, found: describeKnown(kind, known) } : undefined;
}
