/** One archive of a machine's apt sources. */
export interface AptSource {
  uri: string;
  suite: string;
  components: string[];
}

/** The one-line format: `deb [option=value …] uri suite component…`. */
export function parseOneLineSources(text: string): AptSource[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*deb\s+(?:\[[^\]]*\]\s+)?([^#\s]+)\s+([^#\s]+)([^#]*)/.exec(line);
    if (match === null) return [];
    const [, uri = '', suite = '', components = ''] = match;
    return [{ uri, suite, components: splitWords(components) }];
  });
}

/** The deb822 format: stanzas of `Field: values`, continued on indented lines. */
export function parseDeb822Sources(text: string): AptSource[] {
  const lines = text.split('\n').filter((line) => !line.startsWith('#'));
  return lines
    .join('\n')
    .split(/\n\s*\n/)
    .flatMap((stanza) => readStanza(readFields(stanza)));
}

function readFields(stanza: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const field of stanza.split(/\n(?!\s)/)) {
    const colon = field.indexOf(':');
    if (colon > 0) fields.set(field.slice(0, colon).trim().toLowerCase(), field.slice(colon + 1));
  }
  return fields;
}

function readStanza(fields: Map<string, string>): AptSource[] {
  const words = (name: string): string[] => splitWords(fields.get(name) ?? '');
  if (!words('types').includes('deb') || words('enabled')[0] === 'no') return [];
  const components = words('components');
  return words('uris').flatMap((uri) => words('suites').map((suite) => ({ uri, suite, components })));
}

function splitWords(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

const DEFAULT_MIRROR = 'http://deb.debian.org/debian';

/**
 * Debian mirrors to ask, best first: those of the machine (it may reach no other), then Debian's own.
 * Many a foreign archive names its suites like Debian's, so the address has to look like Debian's as well.
 */
export function chooseMirrors(sources: readonly AptSource[], codename: string | undefined): string[] {
  const suites = new Set([codename, 'stable', 'testing', 'unstable', 'sid']);
  const own = sources
    .filter(({ suite, components }) => suites.has(suite) && components.includes('main'))
    .map(({ uri }) => uri.replace(/\/+$/, ''))
    .filter((uri) => /\/debian$|\.debian\.org\/|^mirror\+?/.test(uri));
  return [...new Set([...own, DEFAULT_MIRROR])];
}

/** VERSION_CODENAME of an os-release file. */
export function readCodename(osRelease: string): string | undefined {
  return /^VERSION_CODENAME="?([a-z]+)"?$/m.exec(osRelease)?.[1];
}
