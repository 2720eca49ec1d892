/** PostgreSQL's, SQLite's and the network's codes for "not now". */
const AWAY = /^(ECONN|ETIMEDOUT|ENOTFOUND|EAI_|EPIPE|EHOSTUNREACH|08|53|57P|SQLITE_BUSY)/;

/** Whether a database cannot be reached now, or is locked, rather than that something is wrong with a statement. */
export function isAway(error: unknown): boolean {
  const { code, driverError } = error as { code?: unknown; driverError?: { code?: unknown } };
  return AWAY.test(String(driverError?.code ?? code)) || isLost(error);
}

/** The pg driver has no code for it. */
function isLost(error: unknown): boolean {
  return error instanceof Error && error.message.includes('Connection terminated');
}
