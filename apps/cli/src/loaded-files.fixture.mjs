// Preloaded (`node --import`): adds the files that a process loads, one a line, to the file that LOADED_FILES names.
import { appendFileSync } from 'node:fs';
import { createRequire, register } from 'node:module';
import { isMainThread } from 'node:worker_threads';

const tell = (files) => appendFileSync(process.env['LOADED_FILES'], files.map((file) => `${file}\n`).join(''));

if (isMainThread) {
  register(import.meta.url);
  // What CommonJS requires passes no hook.
  process.on('exit', () => tell(Object.keys(createRequire(import.meta.url).cache)));
}

/** Node's hook: it runs in a thread of its own. */
export function load(url, context, nextLoad) {
  tell([url]);
  return nextLoad(url, context);
}
