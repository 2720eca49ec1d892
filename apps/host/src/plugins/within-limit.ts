/** How long `setup` and `teardown` may take. */
const LIFECYCLE_TIMEOUT_MS = 30_000;

/** Waits for a step of a plugin's life, but not for ever. */
export async function withinLimit(step: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it took longer than ${LIFECYCLE_TIMEOUT_MS} ms`)), LIFECYCLE_TIMEOUT_MS);
  });
  try {
    await Promise.race([step, late]);
  } finally {
    clearTimeout(timer);
  }
}
