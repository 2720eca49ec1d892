import { vi } from 'vitest';

// vitest gives a condition one second by default; real servers and processes on a busy machine may need more.
const PATIENCE_MS = 20_000;

const { waitFor } = vi;
// Specs of one process share `vi`.
if (waitFor.name !== 'waitPatiently') {
  vi.waitFor = function waitPatiently(condition, options = {}) {
    const asked = typeof options === 'number' ? { timeout: options } : options;
    return waitFor(condition, { timeout: PATIENCE_MS, ...asked });
  };
}
