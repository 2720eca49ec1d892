import type { Readable } from 'node:stream';
import { createInterface } from 'node:readline';

export function onLines(stream: Readable, onLine: (line: string) => void): void {
  createInterface({ input: stream, crlfDelay: Infinity }).on('line', onLine);
}
