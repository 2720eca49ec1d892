import type { ValidationArguments } from 'class-validator';

/** What a sender may sign besides fixed text. */
export type SignedParts = Readonly<Record<'timestamp' | 'method' | 'url', string>> & { readonly body: Uint8Array };

const PLACEHOLDER = /\{(\w+)\}/g;
const KNOWN = ['body', 'timestamp', 'method', 'url'];

/** Without the body anybody who has seen one request could send another with its signature. */
export function isSignable(template: unknown, args?: ValidationArguments): boolean {
  if (typeof template !== 'string') return false;
  const names = [...template.matchAll(PLACEHOLDER)].map(([, name]) => name!);
  const hasTimestamp = (args?.object as { timestamp?: unknown } | undefined)?.timestamp !== undefined;
  return (
    names.includes('body') &&
    names.every((name) => KNOWN.includes(name)) &&
    (hasTimestamp || !names.includes('timestamp'))
  );
}

/** The bytes that the template stands for; the body goes in as it came. */
export function buildSigned(template: string, parts: SignedParts): Buffer {
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const match of template.matchAll(PLACEHOLDER)) {
    pieces.push(Buffer.from(template.slice(at, match.index)), toBytes(parts[match[1] as keyof SignedParts]));
    at = match.index + match[0].length;
  }
  return Buffer.concat([...pieces, Buffer.from(template.slice(at))]);
}

const toBytes = (value: string | Uint8Array): Uint8Array => (typeof value === 'string' ? Buffer.from(value) : value);
