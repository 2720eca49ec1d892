/** On an event that stands for several notifications: their sequences in CRM_RAW. Nobody else writes down what was gathered. */
export const GATHERED_HEADER = 'Crm-Gathered';

/** A header has a limit, and so has what people read. */
const MOST = 100;

/** Of the newest, where there are many. */
export function encodeGathered(sequences: readonly number[]): string {
  return sequences.slice(-MOST).join(',');
}

export function decodeGathered(text: string | undefined): number[] {
  return text ? text.split(',').map(Number) : [];
}
