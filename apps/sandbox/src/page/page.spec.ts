import { readFileSync } from 'node:fs';
import { expect, it, describe } from 'vitest';
import type { ShownRecord } from '../control/records.controller.js';
import { atOnce, listen, open } from '../sandbox.fixture.js';
import type { RunningSandbox } from '../start-sandbox.js';

type Asked = { status: number; body: unknown };

async function ask(sandbox: RunningSandbox, route: string, body?: object): Promise<Asked> {
  const [method, path] = route.split(' ') as [string, string];
  const response = await fetch(`${sandbox.url}/sandbox/${path}`, {
    method,
    ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
}

async function create(sandbox: RunningSandbox, type: string, body: object = {}): Promise<ShownRecord> {
  const { status, body: made } = await ask(sandbox, `POST objects/${type}`, body);
  expect(status).toBe(201);
  return made as ShownRecord;
}

describe('the page', () => {
  it.each([
    ['', 'text/html', '<title>Sandbox CRM</title>'],
    ['page.js', 'text/javascript', 'refreshForEver'],
    ['page.css', 'text/css', 'body {'],
  ])('/%s', async (path, type, part) => {
    const sandbox = await open();
    const response = await fetch(`${sandbox.url}/${path}`);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, `${type}; charset=utf-8`]);
    expect(await response.text()).toContain(part);
  });

  it('takes nothing from elsewhere, and carries no script or style in the HTML', async () => {
    const sandbox = await open();
    const response = await fetch(sandbox.url);
    expect(response.headers.get('content-security-policy')).toMatch(/^default-src 'self';/);
    const html = await response.text();
    expect(html).not.toMatch(/https?:|\son\w+=|\sstyle=|<style/);
    expect([...html.matchAll(/<script[^>]*>(.*?)<\/script>/gs)].map(([, code]) => code)).toEqual(['']);
  });

  it('finds every element that its script asks for', async () => {
    const read = (file: string): string => readFileSync(new URL(`../../page/${file}`, import.meta.url), 'utf8');
    const wanted = [...read('page.js').matchAll(/find\('([\w-]+)'\)/g)].map(([, id]) => id);
    const there = [...read('page.html').matchAll(/\sid="([\w-]+)"/g)].map(([, id]) => id);
    expect(there).toEqual(expect.arrayContaining(wanted));
  });
});

describe('its buttons', () => {
  it.each(['contacts', 'companies', 'deals', 'products', 'leads', 'line_items'])(
    'create and change %s',
    async (type) => {
      const sandbox = await open();
      const made = await create(sandbox, type);
      expect(await ask(sandbox, `PATCH objects/${type}/${made.id}`, {})).toMatchObject({ status: 200 });
      expect((await ask(sandbox, `GET objects/${type}`)).body).toMatchObject([{ id: made.id, state: 'live' }]);
    },
  );

  it('win and lose a deal in its own pipeline, and nothing else', async () => {
    const sandbox = await open();
    const { id } = await create(sandbox, 'deals', { properties: { pipeline: '74021856', dealstage: '148203311' } });
    const stageAfter = async (outcome: string) =>
      ((await ask(sandbox, `POST objects/deals/${id}/${outcome}`)).body as ShownRecord).properties['dealstage'];
    expect([await stageAfter('win'), await stageAfter('lose')]).toEqual(['148203314', '148203315']);
    const contact = await create(sandbox, 'contacts');
    expect((await ask(sandbox, `POST objects/contacts/${contact.id}/win`)).status).toBe(400);
  });

  it('delete, restore, merge and forget, and the webhooks of it are seen', async () => {
    const listener = await listen();
    const sandbox = await open({ target: { url: listener.url } });
    await atOnce(sandbox, async () => {
      const [first, second, third] = [
        await create(sandbox, 'contacts'),
        await create(sandbox, 'contacts'),
        await create(sandbox, 'contacts'),
      ];
      const statuses = [
        await ask(sandbox, `DELETE objects/contacts/${first.id}`),
        await ask(sandbox, `POST objects/contacts/${first.id}/restore`),
        await ask(sandbox, `POST objects/contacts/${first.id}/merge`, { mergedId: second.id }),
        await ask(sandbox, `POST objects/contacts/${third.id}/erase`),
      ];
      expect(statuses.map(({ status }) => status)).toEqual([204, 204, 200, 204]);
      expect((await ask(sandbox, 'GET objects/contacts')).body).toMatchObject([{ id: first.id, state: 'live' }]);
    });
    await sandbox.webhooks.whenSettled();
    const kinds = listener.items().map(({ subscriptionType }) => subscriptionType);
    for (const kind of ['deletion', 'restore', 'merge', 'privacyDeletion']) expect(kinds).toContain(`contact.${kind}`);
    expect((await ask(sandbox, 'GET deliveries')).body).toMatchObject([{ state: 'delivered' }]);
  });

  it('refuse what is not there, or makes no sense', async () => {
    const sandbox = await open();
    const { id } = await create(sandbox, 'companies');
    const refused = [
      await ask(sandbox, 'POST objects/unicorns', {}),
      await ask(sandbox, `POST objects/companies/${id}/erase`),
      await ask(sandbox, `POST objects/companies/${id}/merge`, { mergedId: 'x' }),
      await ask(sandbox, `POST objects/companies/${id}/merge`, { mergedId: id }),
      await ask(sandbox, 'PATCH objects/companies/7', {}),
    ];
    expect(refused.map(({ status }) => status)).toEqual([400, 400, 400, 400, 404]);
  });
});
