/** Where a command writes: results to stdout, everything else to stderr, so that pipes carry results alone. */
export interface Terminal {
  /** One line or block for people. Nothing in JSON mode. */
  print(text: string): void;
  /** One JSON document (or one of a stream). Only in JSON mode. */
  printJson(document: unknown): void;
  /** A line that is a JSON document already. Only in JSON mode. */
  printLine(line: string): void;
  /** Progress and remarks, on stderr. Nothing in JSON mode. */
  remark(text: string): void;
  /** Always, on stderr. */
  complain(text: string): void;
  readonly json: boolean;
  /** A person sits in front of it and can be asked. */
  readonly interactive: boolean;
}

export function createTerminal(options: { json: boolean }): Terminal {
  const { json } = options;
  return {
    json,
    interactive: !json && process.stdin.isTTY && process.stdout.isTTY,
    print: (text) => void (json || process.stdout.write(`${text}\n`)),
    printJson: (document) => void (json && process.stdout.write(`${JSON.stringify(document)}\n`)),
    printLine: (line) => void (json && process.stdout.write(`${line}\n`)),
    remark: (text) => void (json || process.stderr.write(`${text}\n`)),
    complain: (text) => void process.stderr.write(`${text}\n`),
  };
}
