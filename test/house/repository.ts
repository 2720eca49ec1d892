import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');

/** What is, or would be, committed; paths from the root. */
export function listFiles(): string[] {
  const output = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], { cwd: ROOT });
  return output
    .toString('utf8')
    .split('\0')
    .filter((file) => file !== '' && existsSync(join(ROOT, file)));
}

export function readText(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

export interface Manifest {
  name: string;
  description?: string;
  license?: string;
  exports?: Record<string, unknown>;
  bin?: Record<string, string>;
  scripts?: Record<string, string>;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

export function readManifest(folder: string): Manifest {
  return JSON.parse(readText(join(folder, 'package.json'))) as Manifest;
}

/** The folders of our own packages; the root's is `.`. */
export function listPackages(): string[] {
  const folders = listFiles().filter((file) =>
    /^(apps|libs)\/[^/]+\/package\.json$|^plugins\/package\.json$/.test(file),
  );
  return folders.map((file) => file.replace('/package.json', ''));
}

/** Our TypeScript, with its tests or without. */
export function listSources(options: { specs: boolean }): string[] {
  const files = listFiles().filter((file) => /^(apps|libs|plugins|examples|test)\/.*\.ts$/.test(file));
  return options.specs ? files : files.filter((file) => !/\.(spec|fixture)\.ts$|^test\//.test(file));
}
