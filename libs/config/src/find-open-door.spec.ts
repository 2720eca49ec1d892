import { describe, expect, it } from 'vitest';
import type { Source } from '@crm-mesh/sdk';
import { findOpenDoor } from './find-open-door.js';

const split: Source['split'] = () => [];
const verify: Source['verify'] = () => ({ ok: true, scheme: 'x' });
const SECRET = { secretPath: 'a-secret-of-20-letters' };
const BASIC = { basic: { user: 'u', password: 'p' } };
const LIST = { allow: ['10.0.0.0/8'] };

describe('webhooks that anybody could send', () => {
  it.each<[string, Partial<Source>, object | undefined, 'closed' | 'weak' | 'wide']>([
    ['a signature', { split, verify }, undefined, 'closed'],
    ['no webhooks', {}, undefined, 'closed'],
    ['nothing', { split }, undefined, 'wide'],
    ['an address alone', { split }, LIST, 'wide'],
    ['a secret path', { split }, SECRET, 'closed'],
    ['Basic', { split }, BASIC, 'closed'],
    ['what others know', { split, verify, provesSender: false }, undefined, 'weak'],
    ['what others know, from an address', { split, verify, provesSender: false }, LIST, 'closed'],
    ['what others know, and a secret path', { split, verify, provesSender: false }, SECRET, 'closed'],
  ])('%s', (_, source, access, expected) => {
    const door = findOpenDoor({ name: 'crm', ...source }, { access } as never, 'connections[2]');
    const found = door === undefined ? 'closed' : door.isWide ? 'wide' : 'weak';
    expect(found).toBe(expected);
    if (door) expect([door.path, door.cure]).toEqual(['connections[2].access', expect.stringContaining('secretPath')]);
  });
});
