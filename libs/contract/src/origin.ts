/**
 * Why an event was told. `echo` is a mesh's own write coming back from the CRM. `snapshot`: to one new consumer, which gets
 * each record as it is.
 */
export const ORIGINS = ['webhook', 'poll', 'backfill', 'repair', 'echo', 'snapshot'] as const;
/** One of {@link ORIGINS}. */
export type Origin = (typeof ORIGINS)[number];
