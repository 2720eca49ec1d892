import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { dataSchemaUrl, SCHEMA_STEPS, type MeshEvent, type SchemaStep, type VersionedData } from '@crm-mesh/contract';
import {
  linesOf,
  named,
  path,
  readDeadLetters,
  start,
  statusOf,
  tell,
  until,
  useHost,
  write,
} from './isolated-plugins.fixture.js';

useHost();

/** Version 1 of deals had `title` where version 2 has `name`. Each function is whole in itself: workers get its text. */
const STEP: SchemaStep = {
  up: ({ title, ...rest }) => (title === undefined ? rest : { ...rest, name: title }),
  down: ({ name, ...rest }) => (name === undefined ? rest : { ...rest, title: name }),
};

/** No entity has a second version yet: the host is given one, and each plugin gives it to its own thread. */
Object.assign(SCHEMA_STEPS, { deal: [STEP] });
const STEPS_MODULE = new URL('../../../libs/contract/dist/schema/steps.js', import.meta.url);
const PLANT = `
  const { SCHEMA_STEPS } = await import(String(${JSON.stringify(STEPS_MODULE)}));
  SCHEMA_STEPS.deal ??= [{ up: ${String(STEP.up)}, down: ${String(STEP.down)} }];`;

/** As it lay in the stream before the model moved on. */
function shapeOld(event: MeshEvent): object {
  const data = STEP.down(event.data as unknown as VersionedData);
  return { ...event, data, dataschema: dataSchemaUrl('deal', undefined, 1) };
}

const SAY = `log.info({ seen: [id, event.dataschema.split('/').at(-1), event.data.name, event.data.title] }, 'seen');`;

it('an old plugin goes on reading its version, inline and in a worker, whenever an event was told', async () => {
  const keys = path('keys');
  // It is read where the plugin runs, too.
  const key = `key: ({ data }) => { appendFileSync(${JSON.stringify(keys)}, data.title + '\\n'); return 'one'; },`;
  const plugins = ['worker', 'inline'].map((isolation) => {
    const more = `delivery: { isolation: '${isolation}' },`;
    return { more, old: named(`old-${isolation}`), today: named(`today-${isolation}`) };
  });
  await start();
  for (const { more, old, today } of plugins) {
    write(old, { more: `schemas: { deal: 1 }, ${more} ${key}`, body: SAY, top: PLANT });
    write(today, { more, body: SAY, top: PLANT });
  }
  const ahead = named('ahead');
  write(ahead, { more: `schemas: { deal: 3 },`, top: PLANT });
  for (const { old, today } of plugins)
    for (const name of [old, today]) await until(() => expect(statusOf(name)?.state).toBe('running'));

  await tell('told-today');
  await tell('told-then', shapeOld);
  const title = 'Support plan';
  const seen = (name: string) => linesOf('seen', { plugin: name }).map((line) => line['seen']);
  for (const { old, today } of plugins) {
    for (const name of [old, today]) await until(() => expect(seen(name)).toHaveLength(2));
    for (const id of ['told-today', 'told-then']) {
      expect(seen(old)).toContainEqual([id, '1', null, title]);
      expect(seen(today)).toContainEqual([id, '2', title, null]);
    }
    for (const name of [old, today]) expect(await readDeadLetters(name)).toEqual([]);
  }
  expect(new Set(readFileSync(keys, 'utf8').trim().split('\n'))).toEqual(new Set([title]));
  const reason = expect.stringContaining('deal has the versions 1 to 2') as string;
  await until(() => expect(statusOf(ahead)).toMatchObject({ state: 'refused', reason }));
}, 90_000);
