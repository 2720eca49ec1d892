/** Why an event was told. `echo` is a mesh's own write coming back from the CRM. */
export const ORIGINS = ['webhook', 'poll', 'backfill', 'repair', 'echo'] as const;
/** One of {@link ORIGINS}. */
export type Origin = (typeof ORIGINS)[number];
