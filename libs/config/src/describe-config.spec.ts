import { getMetadataStorage } from 'class-validator';
import { expect, it } from 'vitest';
import { listKeys } from './config-key.js';
import { describeConfig } from './describe-config.js';
import * as classes from './mesh-config.js';

it('describes every key with its default', () => {
  const rows = new Map(describeConfig().map((row) => [row.path, row]));
  expect(rows.get('http.maxBodyBytes')).toMatchObject({ type: 'bytes', default: '2mb' });
  expect(rows.get('http.rateLimit.perConnectionPerSecond')).toMatchObject({ type: 'number', default: '200' });
  expect(rows.get('connections[].source')).toMatchObject({ type: 'name', default: '' });
  expect(rows.get('streams.CRM_EVENTS.maxAge')).toMatchObject({ type: 'duration' });
  expect([...rows.values()].every((row) => row.meaning.endsWith('.'))).toBe(true);
});

it('leaves no validated key undescribed', () => {
  for (const type of Object.values(classes)) {
    const validated = getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
    const names = new Set(validated.map((metadata) => metadata.propertyName));
    expect([...listKeys(type).keys()].toSorted(), type.name).toEqual([...names].toSorted());
  }
});
