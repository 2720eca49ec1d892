import { isMap, isPair, isScalar, isSeq, LineCounter, parseDocument, type Node, type Pair } from 'yaml';
import { ConfigError } from './config-error.js';

export type Path = readonly (string | number)[];

/** mesh.yaml as plain data, with the way back from a key to its line. */
export interface YamlSource {
  file: string;
  data: unknown;
  /** The line of the key, or of the nearest one above it that is there. */
  lineOf(path: Path): number | undefined;
}

/** Throws a {@link ConfigError} with the line of everything that is no YAML. */
export function parseYaml(text: string, file: string): YamlSource {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  if (document.errors.length > 0) {
    const problems = document.errors.map((error) => ({
      file,
      path: '',
      line: lineCounter.linePos(error.pos[0]).line,
      message: `is no valid YAML: ${error.message.replace(/[.\s]+$/, '')}`,
      cure: 'Mend the line: two spaces for each level, and quotes around texts with `: ` or `#`.',
    }));
    throw new ConfigError(problems);
  }
  const lineOf = (path: Path): number | undefined => {
    const offset = findOffset(document.contents, path);
    return offset === undefined ? undefined : lineCounter.linePos(offset).line;
  };
  return { file, data: document.toJS() ?? {}, lineOf };
}

function findOffset(root: Node | null, path: Path): number | undefined {
  let node: unknown = root;
  let offset: number | undefined;
  for (const segment of path) {
    const next = stepInto(node, segment);
    if (next === undefined) return offset;
    offset = next.offset ?? offset;
    node = next.node;
  }
  return offset;
}

function stepInto(node: unknown, segment: string | number): { node: unknown; offset: number | undefined } | undefined {
  if (isMap(node)) {
    const pair = node.items.find((item): item is Pair => isPair(item) && readKey(item) === String(segment));
    return pair && { node: pair.value, offset: (pair.key as Node).range?.[0] };
  }
  if (!isSeq(node)) return undefined;
  const item = node.items[Number(segment)] as Node | undefined;
  return item && { node: item, offset: item.range?.[0] };
}

function readKey(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
}

/** `['connections', 0, 'config']` → `connections[0].config` */
export function formatPath(path: Path): string {
  return path.reduce<string>((text, segment) => {
    if (typeof segment === 'number') return `${text}[${segment}]`;
    return text === '' ? segment : `${text}.${segment}`;
  }, '');
}
