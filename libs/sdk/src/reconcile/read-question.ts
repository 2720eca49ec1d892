import { MeshError, type PlaceRange, type ReconcileQuestion } from '@crm-mesh/contract';

const MOST_RANGES = 1_000;
const MOST_RECORDS = 100_000;

/** What came over the wire, checked. Throws MESH_RECONCILE_INVALID. */
export function readQuestion(input: unknown): ReconcileQuestion {
  const question = (input ?? {}) as Record<string, unknown>;
  const { ask } = question;
  if (ask === 'holdings') return { ask };
  if (ask !== 'page' && ask !== 'digests') return refuse('ask is none of holdings, digests and page');
  for (const name of ['tenant', 'connection', 'entity'])
    if (typeof question[name] !== 'string' || question[name] === '') refuse(`${name} is missing`);
  if (ask === 'digests') {
    const { ranges } = question;
    if (!Array.isArray(ranges) || ranges.length > MOST_RANGES)
      return refuse(`ranges is no list of up to ${MOST_RANGES}`);
    if (!ranges.every(isRange)) refuse('a range has no from');
  } else {
    const { limit } = question;
    if (!isRange(question)) refuse('the page has no from');
    if (!Number.isInteger(limit) || Number(limit) < 1 || Number(limit) > MOST_RECORDS)
      refuse(`limit is not from 1 to ${MOST_RECORDS}`);
  }
  return question as unknown as ReconcileQuestion;
}

function isRange(range: unknown): range is PlaceRange {
  const { from, to } = (range ?? {}) as Record<string, unknown>;
  return typeof from === 'string' && (to === undefined || typeof to === 'string');
}

function refuse(what: string): never {
  throw new MeshError('MESH_RECONCILE_INVALID', `The question cannot be read: ${what}.`);
}
