import { describe, expect, it, vi } from 'vitest';
import { createLogger, createMetrics } from '@crm-mesh/telemetry';
import { createClock } from './clock.fixture.js';
import { createScene, done, error, nats, store, useServer } from './scene.fixture.js';

useServer();

const EVENTS = 500;
const RECORDS = 40;
const HOUR_MS = 3_600_000;

/** Of the times, so many lie within one second at most. */
function countBusiestSecond(timesMs: readonly number[]): number {
  return Math.max(...timesMs.map((from) => timesMs.filter((atMs) => atMs >= from && atMs < from + 1_000).length));
}

async function readAudit(consumer: string): Promise<Record<string, unknown>[]> {
  const entries: Record<string, unknown>[] = [];
  const filterSubject = `audit.breaker.${consumer}`;
  for await (const { data } of nats.readStream('CRM_AUDIT', { fromSequence: 1, filterSubject }))
    entries.push(JSON.parse(Buffer.from(data).toString()) as Record<string, unknown>);
  return entries;
}

describe('a downstream that is away for an hour', () => {
  it('buries nothing, spends no attempt, and then gets the backlog in order at the allowed rate', async () => {
    const clock = createClock(1_200);
    const metrics = createMetrics({ app: 'test' });
    const scene = createScene({ maxAttempts: 2, rateLimit: { perSecond: 50, burst: 5 } });
    const ids = Array.from({ length: EVENTS }, (_, i) => `r${i % RECORDS}:${String(i).padStart(3, '0')}`);
    await scene.publish(...ids);
    const backAtMs = clock.now() + HOUR_MS;
    const handled: { id: string; atMs: number }[] = [];
    const consumer = await scene.start(
      ({ ids: [id] }) => {
        if (clock.now() < backAtMs) return { kind: 'unavailable', error };
        // From here on the rate is looked at, for which timers must be exact.
        if (handled.length === 0) clock.setSpeed(5);
        handled.push({ id: id!, atMs: clock.now() });
        return done;
      },
      { ...clock, metrics },
    );
    const readGauge = () => metrics.registry.getSingleMetricAsString('mesh_delivery_breaker_open');
    await vi.waitFor(() => expect(consumer.status().breaker).toBe('open'));
    expect(await readGauge()).toMatch(/consumer="c\d+",part="",app="test"} 1/);

    await vi.waitFor(() => expect(handled.length).toBeGreaterThan(0), { timeout: 20_000 });
    const triesWhileAway = scene.runs.length - handled.length;
    await scene.settled();

    // One probe a minute, after some that come faster.
    expect(triesWhileAway).toBeLessThan(100);
    expect(scene.runs.every(({ attempt }) => attempt === 1)).toBe(true);
    expect(consumer.status()).toMatchObject({ breaker: 'closed', buried: 0, acked: EVENTS, parkedLanes: 0 });
    expect(await scene.deadLetters()).toEqual([]);
    expect(await store.read('SELECT * FROM delivery_failures')).toEqual([]);

    expect(handled.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
    for (let record = 0; record < RECORDS; record++) {
      const own = handled.map(({ id }) => id).filter((id) => id.startsWith(`r${record}:`));
      expect(own).toEqual(own.toSorted());
    }
    const timesMs = handled.map(({ atMs }) => atMs);
    expect(countBusiestSecond(timesMs)).toBeLessThanOrEqual(50 + 5);
    const seconds = (timesMs.at(-1)! - timesMs[0]!) / 1_000;
    expect(timesMs.length / seconds).toBeGreaterThan(10);

    expect(await readGauge()).toMatch(/consumer="c\d+",part="",app="test"} 0/);
    expect(await metrics.registry.getSingleMetricAsString('mesh_delivery_breaker_changes_total')).toMatch(
      /state="open",app="test"} 1[^]*state="closed",app="test"} 1/,
    );
    await vi.waitFor(async () =>
      expect(await readAudit(scene.name)).toMatchObject([
        { by: scene.name, did: 'breaker', part: '', state: 'open', error: { name: 'Error', message: 'not yet' } },
        { by: scene.name, did: 'breaker', part: '', state: 'closed' },
      ]),
    );
  });

  it('does not fill CRM_AUDIT when it comes and goes', async () => {
    const scene = createScene();
    const lines: string[] = [];
    const log = createLogger({ app: 'test', level: 'info', destination: { write: (line) => void lines.push(line) } });
    let away = true;
    const consumer = await scene.start(() => (away ? { kind: 'unavailable', error } : done), { log });
    for (let round = 0; round < 3; round++) {
      away = true;
      await scene.publish(...Array.from({ length: 6 }, (_, i) => `r${i}:${round}`));
      await vi.waitFor(() => expect(consumer.status().breaker).toBe('open'), { interval: 5 });
      away = false;
      await scene.settled();
    }
    expect((await readAudit(scene.name)).map(({ state }) => state)).toEqual(['open']);
    const states = lines.map((line) => JSON.parse(line) as { msg: string; state?: string });
    expect(states.filter(({ msg }) => msg === 'breaker').map(({ state }) => state)).toEqual(
      Array.from({ length: 3 }, () => ['open', 'closed']).flat(),
    );
  });
});
