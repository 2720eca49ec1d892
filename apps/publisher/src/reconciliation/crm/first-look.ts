import type { RecordPlace } from '@crm-mesh/contract';
import { compareRecord } from '@crm-mesh/reconciliation';
import type { NotificationDraft } from '@crm-mesh/sdk';
import { readSight } from './read-sight.js';
import { idOfPlace, type Noted, type Scratch } from './scratch.js';
import { placeDrafts, placeOf, type Sides } from './sides.js';
import { goTo, type Stage, type Taken } from './stage.js';
import { keepDraft, noteKnown, toKnown, type Suspect } from './suspect.js';

/** Rows of the ledger that are looked through at once. */
const UNMET_WINDOW = 5_000;

/** Notes whom a page shows, and who of them differs at first sight. */
export async function lookAtPage(
  { sides, scratch }: { sides: Sides; scratch: Scratch },
  stage: Stage,
  signal: AbortSignal,
): Promise<Taken> {
  const asked = await sides.scanPage(stage.at, signal);
  const { answer: page, connection, context, readMs } = asked;
  const rows = placeDrafts(page.drafts);
  const places = [...rows.keys()];
  const entries = await sides.readEntries(places);
  const suspects: Noted<Suspect>[] = [];
  for (const [at, place] of places.entries()) {
    const [draft, entry] = [rows.get(place)!, entries[at]];
    if (!isWanted(sides, draft.id)) continue;
    const kind = compareRecord(await readSight({ connection, context, draft, entry, readMs }), toKnown(entry));
    const note = { readMs, draft: keepDraft(connection.source, draft), ...noteKnown(entry) };
    if (kind) suspects.push({ place, note: { kind, ...note } });
  }
  suspects.push(...(await listSwallowed(sides, { drafts: [...rows.values()], readMs })));
  await scratch.note({ met: places, suspects });
  const { total = page.total } = stage;
  const known = total === undefined ? stage : { ...stage, total };
  const next = page.cursor === undefined ? goTo(known, 'unmet') : goTo(known, 'scan', { at: page.cursor });
  return { next, compared: places.length, rows: 2 * places.length, calls: asked.countCalls() };
}

/** What a row says to be merged into its record, and the ledger still has. */
async function listSwallowed(
  sides: Sides,
  { drafts, readMs }: { drafts: readonly NotificationDraft[]; readMs: number },
): Promise<Noted<Suspect>[]> {
  const winners = new Map<RecordPlace, string>();
  for (const { id, mergedIds = [] } of drafts)
    for (const loser of mergedIds) {
      const place = placeOf(loser);
      if (place !== undefined && isWanted(sides, loser)) winners.set(place, id);
    }
  if (winners.size === 0) return [];
  const entries = await sides.readEntries([...winners.keys()]);
  return [...winners].flatMap(([place, winner], at): Noted<Suspect>[] => {
    const kind = compareRecord({ isGone: true }, toKnown(entries[at]));
    return kind ? [{ place, note: { kind, readMs, winner, ...noteKnown(entries[at]) } }] : [];
  });
}

/** What the ledger has and the scan did not show: gone, hidden from the scan, or told of while it ran. */
export async function lookForUnmet(
  { sides, scratch }: { sides: Sides; scratch: Scratch },
  stage: Stage,
): Promise<Taken> {
  // What lies in its memory alone is in no table.
  await sides.dependencies.ledger.flush();
  const { places, end } = await scratch.listUnmet(stage.at ?? '', UNMET_WINDOW);
  // Of whom the scan has shown what has become of it, is a suspect already.
  const noted = new Set((await scratch.findSuspects(places)).map(({ place }) => place));
  const wanted = places.filter((place) => !noted.has(place) && isWanted(sides, idOfPlace(place)));
  const entries = await sides.readEntries(wanted);
  const readMs = sides.dependencies.now();
  const suspects = wanted.map((place, at): Noted<Suspect> => {
    return { place, note: { kind: 'extra', readMs, ...noteKnown(entries[at]) } };
  });
  await scratch.note({ met: [], suspects });
  const next = end === undefined ? goTo(stage, sides.canFetch ? 'look' : 'again') : goTo(stage, 'unmet', { at: end });
  return { next, compared: wanted.length, rows: wanted.length };
}

function isWanted({ scope: { ids } }: Sides, id: string): boolean {
  return ids === undefined || ids.includes(id);
}
