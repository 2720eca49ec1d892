// Shows what takes over a second: a spinner with seconds in a terminal, plain lines elsewhere.
const FRAMES = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏';
const QUIET_MS = 1_000;
const TICK_MS = 100;
const PLAIN_LINE_MS = 15_000;

/**
 * Runs `work(note)` under a label; `note(text)` says what it is about at the moment.
 * Nothing is shown of what is done within a second.
 */
export async function showStep(label, work) {
  const started = Date.now();
  const display = process.stdout.isTTY ? openSpinner(label) : openLines(label);
  try {
    return await work(display.note);
  } finally {
    display.close(Date.now() - started);
  }
}

const seconds = (ms) => `${Math.round(ms / 1_000)} s`;

function openSpinner(label) {
  const started = Date.now();
  let detail = '';
  let ticks = 0;
  const timer = setInterval(() => {
    const elapsed = Date.now() - started;
    if (elapsed < QUIET_MS) return;
    const line = `${FRAMES[ticks++ % FRAMES.length]} ${label} … ${seconds(elapsed)}${detail && `  ${detail}`}`;
    process.stdout.write(`\r\x1b[K${line.slice(0, (process.stdout.columns || 80) - 1)}`);
  }, TICK_MS);
  return {
    note: (text) => (detail = text),
    close(ms) {
      clearInterval(timer);
      if (ms >= QUIET_MS) process.stdout.write(`\r\x1b[K✓ ${label} (${seconds(ms)})\n`);
    },
  };
}

function openLines(label) {
  const started = Date.now();
  let detail = '';
  const say = () => {
    const elapsed = Date.now() - started;
    console.log(`${label} …${elapsed < 2 * QUIET_MS ? '' : ` ${seconds(elapsed)}`}${detail && ` (${detail})`}`);
  };
  let every;
  const first = setTimeout(() => {
    say();
    every = setInterval(say, PLAIN_LINE_MS);
  }, QUIET_MS);
  return {
    note: (text) => (detail = text),
    close(ms) {
      clearTimeout(first);
      clearInterval(every);
      if (ms >= QUIET_MS) console.log(`${label}: ${seconds(ms)}`);
    },
  };
}
