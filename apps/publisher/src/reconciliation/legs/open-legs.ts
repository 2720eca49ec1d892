import type { OpenLeg } from '../run/leg.js';
import type { LegDependencies } from './leg-dependencies.js';
import { openCrmPair } from './open-crm-pair.js';
import { openPluginPair } from './open-plugin-pair.js';

/** The two sides of each pair. */
export function openLegs(dependencies: LegDependencies): OpenLeg {
  return async (pair, run) =>
    pair.leg === 'crm' ? openCrmPair(dependencies, pair, run) : openPluginPair(dependencies, pair, run);
}
