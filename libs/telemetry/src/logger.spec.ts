import { describe, expect, it } from 'vitest';
import { createLogger } from './logger.js';
import { NestLogger } from './nest-logger.js';

function createRecorder(level = 'trace') {
  const lines: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
  return { lines, logger: createLogger({ app: 'test', level, destination }) };
}

describe('createLogger', () => {
  it.each([
    ['authorization', 'Bearer x'],
    ['clientSecret', 'x'],
    ['clientSecrets', ['x']],
    ['accessToken', 'x'],
    ['x-api-key', 'x'],
    ['set-cookie', 'x'],
    ['password', 'x'],
    ['webhook-signature', 'x'],
  ])('redacts %s, however deep', (key, value) => {
    const { lines, logger } = createRecorder();
    logger.info({ [key]: value, request: { headers: [{ [key]: value }] } }, 'got it');
    expect(lines[0]).toMatchObject({ [key]: '[redacted]', request: { headers: [{ [key]: '[redacted]' }] } });
  });

  it('keeps ids, counts and errors', () => {
    const { lines, logger } = createRecorder();
    logger.warn({ record: 'acme/hubspot/deal/1', tokens: 3, err: new TypeError('boom') }, 'hm');
    expect(lines[0]).toMatchObject({
      level: 'warn',
      app: 'test',
      msg: 'hm',
      record: 'acme/hubspot/deal/1',
      tokens: 3,
      err: { type: 'TypeError', message: 'boom' },
    });
  });

  it('takes an unknown level for info', () => {
    expect(createRecorder('loud').logger.level).toBe('info');
  });
});

describe('NestLogger', () => {
  it('writes message, context and stack', () => {
    const { lines, logger } = createRecorder();
    const nest = new NestLogger(logger);
    nest.log('mapped', 'RouterExplorer');
    nest.error('broke', 'Error: broke\n at x', 'Exceptions');
    nest.error(new Error('broke'));
    expect(lines[0]).toMatchObject({ level: 'debug', msg: 'mapped', context: 'RouterExplorer' });
    expect(lines[1]).toMatchObject({
      level: 'error',
      msg: 'broke',
      context: 'Exceptions',
      stack: 'Error: broke\n at x',
    });
    expect(lines[2]).toMatchObject({ level: 'error', msg: 'broke', err: { message: 'broke' } });
  });
});
