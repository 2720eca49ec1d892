import { pathToFileURL } from 'node:url';

/** How long a module's top level may take. */
const IMPORT_TIMEOUT_MS = 10_000;
let loads = 0;

/** Each load is a module of its own: a file that comes back finds nothing of its former life, and a failed load can be tried again. */
export async function importFresh(module: string): Promise<unknown> {
  const url = pathToFileURL(module);
  url.searchParams.set('load', String(++loads));
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`it did not finish loading within ${IMPORT_TIMEOUT_MS} ms`)),
      IMPORT_TIMEOUT_MS,
    );
  });
  try {
    return (await Promise.race([import(url.href), late])) as unknown;
  } finally {
    clearTimeout(timer);
  }
}
