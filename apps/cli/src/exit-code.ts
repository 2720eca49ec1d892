/** What scripts can rely on. */
export const EXIT = {
  ok: 0,
  /** The command ran and found or met a problem. */
  problem: 1,
  /** The command was not understood. */
  usage: 2,
  /** No mesh could be reached. */
  unreachable: 3,
  /** A reconciliation asks, failed or was cancelled. */
  unfinished: 4,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
