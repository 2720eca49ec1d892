import type { StandardSchema } from '@crm-mesh/sdk';
import { IsInt, IsOptional, IsString, IsUrl } from 'class-validator';
import { describe, expect, it } from 'vitest';
import { ConfigError } from './config-error.js';
import { validateConfig } from './validate-config.js';

class Wanted {
  @IsUrl()
  webhookUrl!: string;

  @IsOptional()
  @IsInt()
  tries: number = 3;

  @IsOptional()
  @IsString({ each: true })
  tags?: string[];
}

class Nothing {}

async function findProblems(schema: Parameters<typeof validateConfig>[0], value: unknown) {
  const error: unknown = await validateConfig(schema, value, 'plugins.x').then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ConfigError);
  return (error as ConfigError).problems;
}

describe('validateConfig', () => {
  it('gives an instance with its defaults', async () => {
    const config = await validateConfig(Wanted, { webhookUrl: 'https://example.com' }, 'plugins.x');
    expect(config).toBeInstanceOf(Wanted);
    expect(config).toMatchObject({ webhookUrl: 'https://example.com', tries: 3 });
  });

  it.each([
    [
      { webhokUrl: 'https://example.com', webhookUrl: 'https://example.com' },
      'plugins.x.webhokUrl',
      'Did you mean "webhookUrl"?',
    ],
    [{}, 'plugins.x.webhookUrl', 'Add the key.'],
    [{ webhookUrl: 'no address' }, 'plugins.x.webhookUrl', 'Mend the value.'],
    [{ webhookUrl: 'https://example.com', tries: 'many' }, 'plugins.x.tries', 'Mend the value.'],
    [
      { webhookUrl: 'https://example.com', completelyElse: 1 },
      'plugins.x.completelyElse',
      'Known here: webhookUrl, tries, tags.',
    ],
    ['text', 'plugins.x', 'Write `key: value` lines below it.'],
  ])('refuses %j', async (value, path, cure) => {
    expect(await findProblems(Wanted, value)).toMatchObject([{ path, cure }]);
  });

  it('takes a class that declares nothing for: nothing is configurable', async () => {
    await expect(validateConfig(Nothing, {}, 'plugins.x')).resolves.toBeInstanceOf(Nothing);
    expect(await findProblems(Nothing, { a: 1 })).toMatchObject([{ path: 'plugins.x.a' }]);
  });

  it('asks a Standard Schema', async () => {
    const schema: StandardSchema<{ n: number }> = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (value) => {
          const { n } = value as { n?: unknown };
          return typeof n === 'number'
            ? { value: { n } }
            : { issues: [{ message: 'Expected a number.', path: ['n'] }] };
        },
      },
    };
    await expect(validateConfig(schema, { n: 1 }, 'plugins.x')).resolves.toEqual({ n: 1 });
    expect(await findProblems(schema, {})).toMatchObject([{ path: 'plugins.x.n', message: 'Expected a number' }]);
  });
});
