import { isAbsolute, relative, sep } from 'node:path';

/** What editors, downloads and package managers leave behind. */
const NOISE = [
  /^\./, // .git, .#lock, .file.swp, dot-folders
  /^node_modules$/,
  /~$/,
  /^#.*#$/,
  /^4913$/, // vim's probe
  /\.(?:swp|swx|swo|tmp|temp|bak|orig|part|crdownload)$/i,
  /___jb_(?:tmp|old)___$/,
];

/** Whether a path below one of the folders is none of a plugin's files. The folders' own names do not count. */
export function isIgnored(path: string, folders: readonly string[]): boolean {
  const below = folders
    .map((folder) => relative(folder, path))
    .filter((rest) => !rest.startsWith('..') && !isAbsolute(rest));
  if (below.length === 0) return false;
  return below.every((rest) => rest.split(sep).some((name) => NOISE.some((noise) => noise.test(name))));
}
