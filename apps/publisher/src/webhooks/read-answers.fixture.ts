export interface Answer {
  status: number;
  headers: ReadonlyMap<string, string>;
  body: string;
}

/** All answers that came over a connection, one after the other. Throws when they are not HTTP. */
export function readAnswers(bytes: Buffer): Answer[] {
  const answers: Answer[] = [];
  let rest = bytes;
  while (rest.length > 0) {
    const end = rest.indexOf('\r\n\r\n');
    const [first = '', ...lines] = rest.toString('latin1', 0, Math.max(end, 0)).split('\r\n');
    const status = Number(/^HTTP\/1\.1 ([1-5]\d\d) /.exec(first)?.[1]);
    if (!status) throw new Error(`no HTTP answer: ${rest.toString('latin1', 0, 200)}`);
    const headers = new Map(lines.map(readHeader));
    const length = Number(headers.get('content-length') ?? 0);
    if (end + 4 + length > rest.length) throw new Error(`an answer of ${length} bytes was cut short`);
    const body = rest.toString('utf8', end + 4, end + 4 + length);
    // 100 Continue only announces one.
    if (status >= 200) answers.push({ status, headers, body });
    rest = rest.subarray(end + 4 + length);
  }
  return answers;
}

function readHeader(line: string): [name: string, value: string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}
