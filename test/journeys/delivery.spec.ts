import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { requestControl } from '@crm-mesh/jetstream';
import { startTestMesh, type TestMesh } from './test-mesh.js';

let mesh: TestMesh;

beforeAll(async () => void (mesh = await startTestMesh()));
afterAll(() => mesh.stop());

async function runs(name: string): Promise<void> {
  await vi.waitFor(async () => expect(await mesh.nats.durableState('CRM_EVENTS', name)).toBeDefined(), {
    timeout: 15_000,
  });
}

describe('from a webhook to a plugin', () => {
  it('a plugin dropped into the folder gets what a webhook brought', async () => {
    mesh.writePlugin('reacher', { events: "'deal.won', 'deal.created'" });
    await runs('reacher');
    expect(await mesh.send('deal.created', { id: 'D-1', name: 'Kiln', status: 'open' })).toBe(202);
    expect(await mesh.send('deal.won', { id: 'D-1', stage: 'won' })).toBe(202);
    await vi.waitFor(() => expect(mesh.effects('reacher')).toEqual(['D-1 1 crm.deal.created', 'D-1 2 crm.deal.won']));
  });

  it('a webhook that comes twice is delivered once', async () => {
    mesh.writePlugin('once', { events: "'contact.*'" });
    await runs('once');
    const same = { id: 'same', time: '2026-01-01T00:00:00Z' };
    for (let i = 0; i < 5; i++)
      expect(await mesh.send('contact.created', { id: 'C-1', email: 'a@b.example' }, same)).toBe(202);
    // Told anew by the sender, with nothing new in it.
    await mesh.send('contact.updated', { id: 'C-1', email: 'a@b.example' }, { time: '2026-01-01T00:01:00Z' });
    await mesh.send('contact.updated', { id: 'C-2', email: 'proof@b.example' });
    await mesh.settled('once');
    expect(mesh.effects('once')).toEqual(['C-1 1 crm.contact.created', expect.stringContaining('C-2 1')]);
  });

  it('two edits of one record arrive in order while the first is being retried', async () => {
    mesh.writePlugin('ordered', {
      events: "'company.*'",
      body: "if (event.data.name === 'first' && attempt < 4) throw new Error('not yet');",
    });
    await runs('ordered');
    await mesh.send('company.created', { id: 'A-1', name: 'first' });
    await mesh.send('company.updated', { id: 'A-1', name: 'second' });
    await mesh.send('company.created', { id: 'A-2', name: 'other' });
    await mesh.settled('ordered');
    const effects = mesh.effects('ordered');
    expect(effects.filter((line) => line.startsWith('A-1'))).toEqual([
      'A-1 1 crm.company.created',
      'A-1 2 crm.company.updated',
    ]);
    expect(effects[0]).toMatch(/^A-2/);
  });

  it('a poison event becomes a dead letter with its error, and is redriven to that plugin alone after a fix', async () => {
    const poison = {
      events: "'product.*'",
      body: "if (event.data.sku === 'bad') throw new PermanentError('no such sku');",
    };
    mesh.writePlugin('picky', poison);
    mesh.writePlugin('tolerant', { events: "'product.*'" });
    await runs('picky');
    await runs('tolerant');
    await mesh.send('product.created', { id: 'P-1', sku: 'bad' });
    await mesh.send('product.created', { id: 'P-2', sku: 'good' });
    await mesh.settled('picky', 'tolerant');
    const [dead, ...more] = await mesh.deadLetters('picky');
    expect(more).toEqual([]);
    expect(dead!.letter).toMatchObject({
      error: { name: 'PermanentError', message: 'no such sku' },
      original: { payload: { type: 'crm.product.created', data: { id: 'P-1' } } },
    });
    expect(mesh.effects('picky')).toEqual(['P-2 1 crm.product.created']);

    mesh.writePlugin('picky', { events: "'product.*'" });
    await vi.waitFor(
      () =>
        expect(mesh.host.plugins().find((plugin) => plugin.name === 'picky')!.version).not.toBe(dead!.letter.version),
      { timeout: 15_000 },
    );
    const request = { consumer: 'picky', sequences: [dead!.sequence], by: 'a journey' };
    expect(await requestControl(mesh.nats, 'host', 'redrive', request)).toMatchObject({ redriven: [dead!.sequence] });
    await vi.waitFor(() =>
      expect(mesh.effects('picky')).toEqual(['P-2 1 crm.product.created', 'P-1 1 crm.product.created']),
    );
    expect(mesh.effects('tolerant').length).toBe(2);
    expect(await mesh.deadLetters('picky')).toEqual([]);
  });

  it('a plugin that was removed and comes back continues where it was', async () => {
    mesh.writePlugin('away', { events: "'lead.*'" });
    await runs('away');
    await mesh.send('lead.created', { id: 'L-1' });
    await mesh.settled('away');
    mesh.removePlugin('away');
    await vi.waitFor(
      () =>
        expect(mesh.host.plugins().some((plugin) => plugin.name === 'away' && plugin.state === 'running')).toBe(false),
      {
        timeout: 15_000,
      },
    );
    await mesh.send('lead.created', { id: 'L-2' });
    await mesh.settled();
    expect(mesh.effects('away')).toEqual(['L-1 1 crm.lead.created']);
    mesh.writePlugin('away', { events: "'lead.*'" });
    await vi.waitFor(() => expect(mesh.effects('away')).toEqual(['L-1 1 crm.lead.created', 'L-2 1 crm.lead.created']), {
      timeout: 15_000,
    });
  });
});
