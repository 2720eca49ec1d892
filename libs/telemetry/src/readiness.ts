/** Says why the app is not ready; undefined when this part is. */
export type ReadinessCheck = () => string | undefined | Promise<string | undefined>;

export interface Readiness {
  ready: boolean;
  /** Empty when ready. */
  reasons: string[];
}

const CHECK_TIMEOUT_MS = 2_000;

/** Runs all checks at once; one that throws or does not answer in time is a reason too. */
export async function checkReadiness(
  checks: readonly ReadinessCheck[],
  timeoutMs = CHECK_TIMEOUT_MS,
): Promise<Readiness> {
  const answers = await Promise.all(checks.map((check) => askCheck(check, timeoutMs)));
  const reasons = answers.filter((answer) => answer !== undefined);
  return { ready: reasons.length === 0, reasons };
}

async function askCheck(check: ReadinessCheck, timeoutMs: number): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`${check.name || 'a check'} did not answer within ${timeoutMs} ms`), timeoutMs);
  });
  try {
    return await Promise.race([check(), late]);
  } catch (error) {
    return `${check.name || 'a check'} failed: ${error instanceof Error ? error.message : String(error)}`;
  } finally {
    clearTimeout(timer);
  }
}
