import { createHash } from 'node:crypto';
import type { DeadLetter } from './dead-letter.js';
import type { ErrorInfo } from './outcome.js';

/** What differs from one event to the next, and what stands for it; in this order. */
const VARYING: readonly (readonly [RegExp, string])[] = [
  [/\b[a-z][a-z\d+.-]{1,20}:\/\/[^\s'"`<>)]+/gi, '<url>'],
  [/[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64}){1,8}/g, '<email>'],
  [/(?<!\w)(["'`])(?:(?!\1).){0,400}\1(?!\w)/g, '<value>'],
  [/[“„«‘][^”“»’]{0,400}[”“»’]/g, '<value>'],
  [/\b[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\b/gi, '<uuid>'],
  [/\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?\b/g, '<time>'],
  [/\b(?:0x[\da-f]+|(?=[a-f]*\d)[\da-f]{8,})\b/gi, '<hex>'],
  [/(?<![\w.-])[-+]?\d+(?:[.,]\d+)*(?:e[-+]?\d+)?(?![\w-])/gi, '<n>'],
  // What has a digit in it is somebody's id: deal-4711, cus_9s8, acme/deal/7.
  [/[\w-]*\d[\w-]*/g, '<id>'],
];
const LONGEST = 500;
const ID_LENGTH = 8;

/** What is the same of an error whatever the event: name, code, the words of its message, and the function that threw it. */
export function fingerprintError({ name, code, message, stack }: ErrorInfo): string {
  const words = VARYING.reduce((text, [pattern, mark]) => text.replaceAll(pattern, mark), message.slice(0, LONGEST));
  const place = findOwnFunction(stack);
  return [name, code, words.replaceAll(/\s+/g, ' ').trim(), place].filter((part) => part !== undefined).join(' | ');
}

/** Short, and the same for the same: one consumer, one version of its code, one kind of error. */
export function groupOf({ consumer, version, error }: Pick<DeadLetter, 'consumer' | 'version' | 'error'>): string {
  const text = JSON.stringify([consumer, version, fingerprintError(error)]);
  return createHash('sha256').update(text).digest('hex').slice(0, ID_LENGTH);
}

/** The innermost function of the stack that is neither Node's nor a package's; its line moves with every change. */
function findOwnFunction(stack: string | undefined): string | undefined {
  const frames = (stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  const own = frames.find((line) => !/node:|[\\/]node_modules[\\/]|<anonymous>\)?$/.test(line));
  return own && /^\s+at (?:async )?([^\s(]+) \(/.exec(own)?.[1];
}
