// For the specs of this folder.

/** A clock that runs as fast as the test says, and timers that keep to it. */
export function createClock(speed: number) {
  let pace = speed;
  let [sinceMs, realMs] = [Date.now(), performance.now()];
  const now = (): number => sinceMs + (performance.now() - realMs) * pace;
  return {
    now,
    setTimer: (callback: () => void, delayMs: number) => setTimeout(callback, delayMs / pace),
    setSpeed: (next: number): void => {
      [sinceMs, realMs] = [now(), performance.now()];
      pace = next;
    },
  };
}
