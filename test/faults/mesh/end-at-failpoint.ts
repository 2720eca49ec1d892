import { setTimeout as delay } from 'node:timers/promises';
import type { Plant } from '../plant/index.js';
import type { Random } from '../random/random.js';
import type { AppProcess } from './app-process.js';
import { until } from './operator.js';

export type Point = NonNullable<Plant['points']>[number];

const STOPPED_SHARE = 0.25;

/** Most are killed there, some are stopped and go on for a while before they are killed. */
export function choosePoint(name: string, random: Random, highestHit: number): Point {
  const action = random.next() < STOPPED_SHARE ? 'stop' : 'kill';
  return { name, action, hit: random.between(1, highestHit) };
}

export function isAt(app: AppProcess, { name, action }: Point): boolean {
  return app.log.includes(`failpoint ${name}: ${action}`);
}

/** Once it has come to the point, it ends by SIGKILL. */
export async function endAt(app: AppProcess, point: Point, random: Random): Promise<void> {
  await until(`${point.name} is reached`, () => isAt(app, point));
  if (point.action === 'stop') {
    await delay(random.between(100, 4_000));
    app.thaw();
    await delay(random.between(0, 500));
  }
  await app.kill();
}
