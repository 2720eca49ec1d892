import { execa } from 'execa';
import { coerce, gte } from 'semver';

/** Older servers ignore headers that the mesh relies on. */
export const LEAST_VERSION = '2.12.0';
/** What is fetched where a version must be named. */
export const FETCHED_VERSION = '2.15.2';

const TIMEOUT_MS = 10_000;

/** Runs the binary, so that one for another platform or libc is found out here. */
export async function readNewEnoughVersion(path: string): Promise<string> {
  const { stdout } = await execa(path, ['--version'], { timeout: TIMEOUT_MS });
  const version = coerce(stdout, { includePrerelease: true })?.version;
  if (version === undefined) throw new Error(`${path} does not say its version`);
  if (!isNewEnough(version)) throw new Error(`${path} is ${version}, older than ${LEAST_VERSION}`);
  return version;
}

/** A preview of 2.12.0 or later counts as that version. */
function isNewEnough(version: string): boolean {
  return gte(coerce(version) ?? '0.0.0', LEAST_VERSION);
}
