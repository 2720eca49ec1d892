import { stripVTControlCharacters } from 'node:util';
import { MeshError } from '@crm-mesh/contract';
import { expect, it } from 'vitest';
import { chooseExitCode, renderError } from './describe-error.js';

it.each([
  [new MeshError('MESH_NATS_UNAVAILABLE', 'x'), 3],
  [new MeshError('MESH_NATS_NO_ANSWER', 'x'), 3],
  [new MeshError('MESH_NATS_CONTEXT_INVALID', 'x'), 3],
  [new MeshError('MESH_NOT_RUNNING', 'x'), 3],
  [new MeshError('MESH_USAGE', 'x'), 2],
  [new MeshError('MESH_CONFIG_INVALID', 'x'), 1],
  [new Error('x'), 1],
])('%s → %s', (error, code) => expect(chooseExitCode(error)).toBe(code));

it('says what and cure, and the stack on wish', () => {
  const error = new MeshError('MESH_USAGE', 'Nothing was named.', { cure: 'Name one.' });
  expect(stripVTControlCharacters(renderError(error, { debug: false }))).toBe(
    '✗ Nothing was named.\n  MESH_USAGE → Name one.',
  );
  expect(renderError(error, { debug: true })).toContain('describe-error.spec');
});
