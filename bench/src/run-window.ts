/** Does `task` for 0 … count - 1 and keeps `window` of them under way. Rejects at the first that fails. */
export async function runWindow(
  count: number,
  window: number,
  task: (index: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) await task(next++);
  };
  await Promise.all(Array.from({ length: Math.min(window, count) }, work));
}
