import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export function programFile(name: string): string {
  return process.platform === 'win32' ? `${name}.exe` : name;
}

/** The first executable file of this name in a PATH. Empty and relative entries are not searched. */
export function findProgram(name: string, path = ''): string | undefined {
  return path
    .split(delimiter)
    .filter((folder) => /^(?:[/\\]|[A-Za-z]:)/.test(folder))
    .map((folder) => join(folder, programFile(name)))
    .find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
