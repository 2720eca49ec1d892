import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { watchConfig } from './watch-config.js';

it('tells new contents, and what is wrong with bad ones', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mesh-watch-'));
  const file = join(folder, 'mesh.yaml');
  writeFileSync(join(folder, 'token'), 'one');
  writeFileSync(file, 'plugins: { a: { token: "${file:token}" } }');
  const onChange = vi.fn();
  const onError = vi.fn();
  const watching = await watchConfig({ file, env: {}, cwd: folder, onChange, onError, debounceMs: 20 });
  writeFileSync(file, 'htpp: {}');
  await vi.waitFor(() => expect(onError).toHaveBeenCalled(), 5_000);
  expect(onError.mock.lastCall?.[0]).toMatchObject({
    code: 'MESH_CONFIG_INVALID',
    problems: [{ line: 1, path: 'htpp' }],
  });
  writeFileSync(`${file}.new`, 'plugins: { a: { token: "${file:token}", n: 2 } }');
  renameSync(`${file}.new`, file);
  await vi.waitFor(() => expect(onChange.mock.lastCall?.[0]).toMatchObject({ plugins: { a: { n: 2 } } }), 5_000);
  writeFileSync(join(folder, 'token'), 'two');
  await vi.waitFor(
    () => expect(onChange.mock.lastCall?.[0]).toMatchObject({ plugins: { a: { token: 'two' } } }),
    5_000,
  );
  await watching.close();
  rmSync(folder, { recursive: true });
});
