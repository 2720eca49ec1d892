import { join, resolve } from 'node:path';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { eventSource, eventSubjectAttribute, MeshError, parseEventSubject, rawSubject } from '@crm-mesh/contract';
import { parseNotification, validateEvent } from '@crm-mesh/contract/checking';
import type { LoadedPatch } from '@crm-mesh/drop-ins';
import { isClaimed } from '@crm-mesh/jetstream';
import type { OpenDeadLetter } from './dead-letters.js';

/** What a patch makes of one dead letter. */
export type PatchOutcome =
  | { kind: 'patched'; before: unknown; after: unknown; payload: string }
  /** It gave back nothing: not meant. */
  | { kind: 'left' }
  | { kind: 'refused'; reason: string };

/** Throws MESH_PATCH_INVALID. */
export async function loadPatchFile(cwd: string, file: string): Promise<LoadedPatch> {
  // What bundles is loaded where there is something to bundle: redrives use the rest of this file, too.
  const { loadPatch } = await import('@crm-mesh/drop-ins');
  const cacheFolder = await mkdtemp(join(tmpdir(), 'mesh-patch-'));
  try {
    return await loadPatch(resolve(cwd, file), { cacheFolder });
  } finally {
    await rm(cacheFolder, { recursive: true, force: true });
  }
}

/** A dead letter, and what a patch makes of it. */
export type Patched = { sequence: number; consumer: string; record: string } & PatchOutcome;

/** `data`: the payload that was buried; absent when it is gone. */
export async function patchLetter(
  letter: OpenDeadLetter,
  data: Uint8Array | undefined,
  patch: LoadedPatch,
): Promise<PatchOutcome> {
  if (data === undefined) return refuse('its payload is gone');
  // What a patch made of the reference would be lost: readers put the object's content in its place.
  if (isClaimed(data))
    return refuse('it is too large for a message, and lies in the object store: redrive it as it is');
  const text = Buffer.from(data).toString('utf8');
  let before: unknown;
  try {
    before = JSON.parse(text);
  } catch {
    return refuse('its payload is no JSON');
  }
  try {
    const after = await patch.apply(JSON.parse(text), describeLetter(letter));
    if (after === undefined) return { kind: 'left' };
    const payload = JSON.stringify(after);
    const reason = findMistake(letter.original.subject, before, JSON.parse(payload) as Fields);
    return reason === undefined ? { kind: 'patched', before, after: JSON.parse(payload), payload } : refuse(reason);
  } catch (error) {
    if (error instanceof MeshError) return refuse(`${error.code}: ${error.what}`);
    return refuse(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
  }
}

type Fields = Record<string, unknown>;

const refuse = (reason: string): PatchOutcome => ({ kind: 'refused', reason });

function describeLetter(letter: OpenDeadLetter): Parameters<LoadedPatch['apply']>[1] {
  const { sequence, consumer, version, group, record, buriedAt, attemptCount } = letter;
  const { name, message, code } = letter.error;
  const error = { name, message, ...(code === undefined ? {} : { code }) };
  return { sequence, consumer, version, group, record, buriedAt, attemptCount, error };
}

/** Undefined when it may be redriven in place of what was buried. Throws MESH_EVENT_INVALID, MESH_NOTIFICATION_INVALID. */
function findMistake(subject: string, before: unknown, after: Fields): string | undefined {
  const kept = (name: string): boolean => {
    const former = (before as Fields | null)?.[name];
    return former === undefined || former === after[name];
  };
  const address = parseEventSubject(subject);
  if (address === undefined) {
    const notification = parseNotification(JSON.stringify(after));
    if (rawSubject(notification) !== subject) return `it would be of another record than ${subject}`;
    return kept('dedupeKey') ? undefined : 'dedupeKey must stay: by it a repetition is known';
  }
  if (!kept('id')) return 'id must stay: it is the idempotency key';
  const event = validateEvent(after);
  if (event.type !== `crm.${address.entity}.${address.action}`) return `its type must stay that of ${subject}`;
  const isOfRecord = event.source === eventSource(address) && event.subject === eventSubjectAttribute(address);
  return isOfRecord ? undefined : `it would be of another record than ${subject}`;
}
