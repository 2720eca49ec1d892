// `node --import …/register.mjs`: plants what MESH_PLANT says into the modules that this process loads.
// MESH_PLANT: {points: [{name, action: kill | stop | delay, hit, ms?}], bugs: [name], armedBy?: file}
import { existsSync, writeSync } from 'node:fs';
import { register } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';
import { listEdits } from './edits.mjs';

const plant = JSON.parse(process.env.MESH_PLANT ?? '{}');
const hits = new Map();

let armed = plant.armedBy === undefined;
const isArmed = () => (armed ||= existsSync(plant.armedBy));

/** Counts; at the n-th hit does what was asked for. Kill and stop are done when it returns, a delay when it resolves. */
globalThis.reachFailpoint = (name) => {
  if (!isArmed()) return undefined;
  const point = plant.points.find((candidate) => candidate.name === name);
  hits.set(name, (hits.get(name) ?? 0) + 1);
  if (point === undefined || hits.get(name) !== point.hit) return undefined;
  // On standard error and at once: what comes next may be the end.
  writeSync(2, `failpoint ${name}: ${point.action} at hit ${point.hit}\n`);
  if (point.action === 'delay') return delay(point.ms);
  process.kill(process.pid, point.action === 'stop' ? 'SIGSTOP' : 'SIGKILL');
  return undefined;
};

register('./hooks.mjs', import.meta.url, { data: { edits: listEdits(plant) } });
