import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startSandbox, type RunningSandbox } from '@crm-mesh/sandbox/start';
import { createLogger } from '@crm-mesh/telemetry';
import { findChromium } from '@crm-mesh/testing';
import { chromium, type Browser, type Locator, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

const WAIT_MS = 20_000;

const found = await findChromium().catch((error: Error) => error);
if (found instanceof Error) console.warn(`NOT TESTED: the sandbox's page in a browser: ${found.message}`);

describe.skipIf(found instanceof Error)('the sandbox’s page in a browser', () => {
  let browser: Browser;
  let receiver: Server;
  let sandbox: RunningSandbox;
  let page: Page;
  /** What the page's script said is wrong; the browser's own word for an answer like 400 is none of it. */
  let complaints: string[];
  /** How the next webhook is answered. */
  let status: number;

  beforeAll(async () => {
    const { path: executablePath, env } = found as Exclude<typeof found, Error>;
    browser = await chromium.launch({ executablePath, env: { ...process.env, ...env } as Record<string, string> });
  });
  afterAll(() => browser?.close());

  beforeEach(async () => {
    [complaints, status] = [[], 204];
    receiver = createServer((request, response) => {
      request.resume().on('end', () => response.writeHead(status).end());
    });
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    sandbox = await startSandbox({
      log: createLogger({ app: 'sandbox', level: 'silent' }),
      target: { url: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/webhooks/acme/hubspot` },
      knobs: { batchWaitMs: 20, retryDelaysMs: [10] },
    });
    page = await browser.newPage();
    page.setDefaultTimeout(WAIT_MS);
    page.on('pageerror', ({ message }) => complaints.push(message));
    page.on('console', (line) => {
      if (line.type() === 'error' && !line.text().startsWith('Failed to load resource')) complaints.push(line.text());
    });
    await page.goto(sandbox.url);
  });
  afterEach(async () => {
    await page.close();
    await sandbox.stop();
    receiver.closeAllConnections();
    await new Promise((resolve) => receiver.close(resolve));
    if (complaints.length > 0) throw new Error(complaints.join('\n'));
  });

  const click = (name: string, within: Page | Locator = page) =>
    within.getByRole('button', { name, exact: true }).click();
  const rows = () => page.locator('#records tr');
  const webhooks = (text: string) => page.locator('#deliveries li', { hasText: text });
  const problem = () => page.getByRole('alert');

  async function create(kind: string): Promise<Locator> {
    await click(kind);
    await click('Create one');
    const row = rows().first();
    await row.waitFor();
    return row;
  }

  it('makes a record by a click, changes it, and shows the webhooks of both go', async () => {
    const row = await create('contacts');
    const { id } = sandbox.crm.list('contacts')[0]!;
    await expect.poll(() => row.locator('small').textContent(), { timeout: WAIT_MS }).toBe(id);
    await webhooks(`contact.creation ${id}`).waitFor();
    const propertiesOf = () => JSON.stringify([...(sandbox.crm.find('contacts', id)?.properties ?? [])]);
    const before = propertiesOf();
    await click('Change', row);
    await webhooks(`contact.propertyChange ${id}`).first().waitFor();
    expect(propertiesOf()).not.toBe(before);
    await page.locator('#deliveries li.delivered', { hasText: '204 in' }).first().waitFor();
    expect(await problem().isVisible()).toBe(false);
  });

  it('shows what a receiver that answers 500 is told, and that it gets it in the end', async () => {
    status = 500;
    await create('deals');
    await webhooks('500 in').first().waitFor();
    await expect
      .poll(() => page.locator('#summary').textContent(), { timeout: WAIT_MS })
      .toMatch(/[1-9]\d* requests failed/);
    status = 204;
    await create('deals');
    await page.locator('#deliveries li.delivered').first().waitFor();
  });

  it('wins, deletes and brings back a deal', async () => {
    const row = await create('deals');
    const { id } = sandbox.crm.list('deals')[0]!;
    await click('Win', row);
    await webhooks('dealstage = closedwon').waitFor();
    await click('Delete', row);
    await webhooks(`deal.deletion ${id}`).waitFor();
    await click('Restore', row);
    await webhooks(`deal.restore ${id}`).waitFor();
    expect(sandbox.crm.find('deals', id)?.properties.get('dealstage')).toBe('closedwon');
  });

  it('merges two records, and may be told not to', async () => {
    await create('companies');
    await click('Create one');
    await expect.poll(() => rows().count(), { timeout: WAIT_MS }).toBe(2);
    await click('Merge …', rows().first());
    await click('Cancel');
    await expect.poll(() => page.locator('#merging').isVisible(), { timeout: WAIT_MS }).toBe(false);
    await click('Merge …', rows().first());
    await click('Merge into', rows().nth(1));
    await webhooks('company.merge').waitFor();
  });

  it('says in words what cannot be done, and that it is gone when the sandbox is', async () => {
    const row = await create('contacts');
    const { id } = sandbox.crm.list('contacts')[0]!;
    await page.route('**/sandbox/objects/contacts/*', (route) =>
      route.fulfill({ status: 409, contentType: 'application/json', body: '{"message":"Somebody was quicker."}' }),
    );
    await click('Change', row);
    await expect.poll(() => problem().textContent(), { timeout: WAIT_MS }).toBe('Somebody was quicker.');
    await page.unroute('**/sandbox/objects/contacts/*');
    await click('Change', row);
    await webhooks(`contact.propertyChange ${id}`).first().waitFor();
    await expect.poll(() => problem().isVisible(), { timeout: WAIT_MS }).toBe(false);
    await page.locator('h1').click();
    await page.route('**/sandbox/**', (route) => route.abort());
    await expect
      .poll(() => page.locator('#summary').textContent(), { timeout: WAIT_MS })
      .toBe('The sandbox does not answer.');
  });
});
