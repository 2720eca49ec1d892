import type { Random } from '../../crm/draw-ids.js';

/** What may go wrong with a request, by the status that it is answered with; `slow` is answered late. */
export const API_FAULTS = ['401', '403', '429', '500', '502', '503', '504', 'slow'] as const;
export type ApiFault = (typeof API_FAULTS)[number];

/** The knobs that it depends on. */
interface FaultKnobs {
  apiFailNext: number;
  apiFailRate: number;
  apiLimitRate: number;
  apiSlowRate: number;
  apiScript: ('ok' | ApiFault)[];
}

/** The script first, then what was ordered by number, then by chance. The knobs forget what was played. */
export function takeFault(knobs: FaultKnobs, random: Random): ApiFault | undefined {
  const scripted = knobs.apiScript.shift();
  if (scripted !== undefined) return scripted === 'ok' ? undefined : scripted;
  if (knobs.apiFailNext > 0) {
    knobs.apiFailNext -= 1;
    return '502';
  }
  const happens = (rate: number): boolean => rate > 0 && random() < rate;
  if (happens(knobs.apiFailRate)) return '502';
  if (happens(knobs.apiLimitRate)) return '429';
  return happens(knobs.apiSlowRate) ? 'slow' : undefined;
}
