import { spawn } from 'node:child_process';
import { constants } from 'node:os';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Runs a program and keeps its output to itself; rejects with that output when it fails. It ends when we are ended. */
export function runQuietly(program, args, { cwd, env = process.env, onLine = () => undefined }) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const stopPassing = onSignals(SIGNALS, (signal) => {
      child.kill(signal);
      process.exit(128 + constants.signals[signal]);
    });
    let output = '';
    const keep = (chunk) => {
      output += chunk;
      const line = chunk.toString().trim().split('\n').at(-1);
      if (line && !line.startsWith('>')) onLine(line);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', reject);
    child.once('close', (code) => {
      stopPassing();
      if (code === 0) resolve();
      else reject(new Error(output.trim() || `${program} ended with ${code}`));
    });
  });
}

/**
 * Runs a Node program with our terminal, passes signals on, and ends with its exit code. In a terminal Ctrl-C reaches
 * the program by itself, and again through npm and us: `passInterrupt` is for one that takes the two for one.
 */
export function runInForeground(script, args, { cwd, passInterrupt = !process.stdin.isTTY }) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, ...args], { cwd, stdio: 'inherit' });
    // We outlive the child in any case, so that it can drain.
    const stopPassing = onSignals(SIGNALS, (signal) => {
      if (signal !== 'SIGINT' || passInterrupt) child.kill(signal);
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      stopPassing();
      resolve(code ?? 128 + constants.signals[signal]);
    });
  });
}

/** Returns what takes the handlers off again. */
function onSignals(signals, handle) {
  const handlers = signals.map((signal) => [signal, () => handle(signal)]);
  for (const [signal, handler] of handlers) process.on(signal, handler);
  return () => handlers.forEach(([signal, handler]) => process.off(signal, handler));
}
