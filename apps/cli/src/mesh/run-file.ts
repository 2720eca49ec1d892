import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** `<data dir>/run.json`: what `mesh up` runs, for the other commands to find it. */
export interface RunFile {
  /** Of `mesh up` itself. */
  pid: number;
  startedAt: string;
  nats: { url?: string; context?: string; credsFile?: string };
  urls: Record<string, string>;
  /** Process ids by app name, and `nats-server`. */
  pids: Record<string, number>;
}

const locate = (dataDir: string): string => join(dataDir, 'run.json');

/** Readers never see half of it. */
export function writeRunFile(dataDir: string, run: RunFile): void {
  const draft = `${locate(dataDir)}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(run, undefined, 2)}\n`);
  renameSync(draft, locate(dataDir));
}

/** Undefined when there is none, or none that can be read. */
export function readRunFile(dataDir: string): RunFile | undefined {
  try {
    return JSON.parse(readFileSync(locate(dataDir), 'utf8')) as RunFile;
  } catch {
    return undefined;
  }
}

export function removeRunFile(dataDir: string): void {
  rmSync(locate(dataDir), { force: true });
}
