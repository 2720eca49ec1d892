import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { MeshError } from '@crm-mesh/contract';
import { askConsumerOf, named, path, readService, start, until, useHost } from './isolated-plugins.fixture.js';

useHost();

const PAGE = { ask: 'page', tenant: 'acme', connection: 'hubspot', entity: 'deal', from: '', limit: 10 } as const;

/** A plugin with a table of its own; `label` is in the only row's place. */
function write(name: string, part: { isolation: string; label?: string; page?: string; more?: string }): void {
  const { isolation, label = 'a', page = '', more = '' } = part;
  const text = `
    import { definePlugin } from '@crm-mesh/sdk';
    export default definePlugin({ name: '${name}', events: ['deal.*'], sink: () => 'sqlite:${path('sink.db')}',
      delivery: { isolation: '${isolation}' },
      async setup({ transaction }) {
        await transaction((tx) => tx.run('CREATE TABLE IF NOT EXISTS held (place text)'));
        await transaction((tx) => tx.run('INSERT INTO held VALUES (?)', ['${label}']));
      },
      reconcile: { entities: ['deal'], marks: 'version', async page(question, { sink, signal }) {
        ${page}
        const rows = await sink!.all<{ place: string }>('SELECT place FROM held ORDER BY place');
        return { packed: rows.map(({ place }) => place + '\\t1').join('\\n') };
      } },
      handle() {}, ${more} });`;
  writeFileSync(path(`plugins/${name}.plugin.ts`), text);
}

describe.each(['worker', 'inline'])('a plugin that runs %s', (isolation) => {
  it('says what it holds, as a service that comes and goes with it', async () => {
    const name = named(`says-${isolation}`);
    write(name, { isolation });
    const host = await start();
    const ask = askConsumerOf(name);
    expect(await ask({ ask: 'holdings' })).toEqual({
      entities: ['deal'],
      marks: 'version',
      events: ['deal.*'],
      digests: false,
    });
    expect(await ask(PAGE)).toEqual({ packed: 'a\t1' });
    expect(await readService(`mesh-reconcile-${name}`)).toMatchObject({
      endpoints: [{ subject: `mesh.reconcile.${name}`, queue_group: 'q' }],
      metadata: { plugin: name },
    });
    write(name, { isolation, label: 'b' });
    await until(async () => expect(await ask(PAGE)).toEqual({ packed: 'a\t1\nb\t1' }));
    await host.stop();
    await start();
    expect(await askConsumerOf(name)(PAGE)).toEqual({ packed: 'a\t1\nb\t1\nb\t1' });
  });

  it('says why it cannot, and how to mend it', async () => {
    const name = named(`fails-${isolation}`);
    write(name, { isolation, page: `if (question.limit === 1) throw new Error('no such table');` });
    await start();
    const ask = askConsumerOf(name);
    const refusal = await ask({ ...PAGE, limit: 1 }).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(MeshError);
    expect(refusal).toMatchObject({ code: 'MESH_RECONCILE_FAILED', what: expect.stringMatching(/no such table/) });
    await expect(ask({ ...PAGE, entity: 'contact' })).rejects.toMatchObject({ code: 'MESH_RECONCILE_INVALID' });
    expect(await ask(PAGE)).toEqual({ packed: 'a\t1' });
  });
});

it('a plugin whose worker has ended is asked again when there is another one', async () => {
  const name = named('dies');
  write(name, { isolation: 'worker', page: `if (question.limit === 1) process.exit(1);` });
  await start();
  const ask = askConsumerOf(name);
  await expect(ask({ ...PAGE, limit: 1 })).rejects.toMatchObject({ code: 'MESH_RECONCILE_FAILED' });
  await until(async () => expect((await ask(PAGE)).packed).toBe('a\t1\na\t1'));
});

it('a plugin without reconcile does not answer', async () => {
  const name = named('silent');
  writeFileSync(
    path(`plugins/${name}.plugin.ts`),
    `import { definePlugin } from '@crm-mesh/sdk';
     export default definePlugin({ name: '${name}', events: ['deal.*'], handle() {} });`,
  );
  await start();
  await expect(askConsumerOf(name)({ ask: 'holdings' })).rejects.toMatchObject({
    code: 'MESH_NATS_NO_ANSWER',
    cure: expect.stringMatching(/without `reconcile`/),
  });
});
