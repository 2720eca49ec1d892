import { plainToInstance, type ClassConstructor } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsBoolean, IsIn, IsInt, IsNumber, Max, Min, validateSync } from 'class-validator';
import { API_FAULTS, type ApiFault } from '../api/api-faults.js';

const MOST_RETRIES = 10;
const MOST_ITEMS = 100;
const MOST_SCRIPTED = 10_000;

/** What can be turned while the sandbox runs: `PUT /sandbox/knobs` with any of these. Rates are from 0 to 1. */
export class Knobs {
  /** Webhooks wait in the sandbox. */
  @IsBoolean()
  paused: boolean = false;

  /** Items that are sent a second time, in a later request, with nothing to tell them from the first. */
  @IsNumber()
  @Min(0)
  @Max(1)
  duplicateRate: number = 0;

  /** How far items are shuffled, within and between batches; 1: over everything that waits. */
  @IsNumber()
  @Min(0)
  @Max(1)
  disorder: number = 0;

  /** Items that are never sent. */
  @IsNumber()
  @Min(0)
  @Max(1)
  dropRate: number = 0;

  /** Items wait this long before they are sent. */
  @IsInt()
  @Min(0)
  @Max(3_600_000)
  delayMs: number = 0;

  /** Nothing is sent until so many items wait, then all at once; 0: no bursts. After `burstWaitMs` it goes out anyway. */
  @IsInt()
  @Min(0)
  @Max(100_000)
  burstSize: number = 0;

  @IsInt()
  @Min(0)
  @Max(3_600_000)
  burstWaitMs: number = 30_000;

  /** Items of one request at most. */
  @IsInt()
  @Min(1)
  @Max(MOST_ITEMS)
  batchSize: number = MOST_ITEMS;

  /** How long items are gathered into a batch. */
  @IsInt()
  @Min(0)
  @Max(60_000)
  batchWaitMs: number = 100;

  /** Requests under way at once. */
  @IsInt()
  @Min(1)
  @Max(10)
  parallel: number = 10;

  /** When a failed request is sent again, each counted from the failure before; HubSpot's ten go over 24 hours. */
  @IsArray()
  @ArrayMaxSize(MOST_RETRIES)
  @IsInt({ each: true })
  @Min(0, { each: true })
  retryDelaysMs: number[] = [500, 1_000, 2_000, 4_000, 8_000, 15_000, 30_000, 60_000, 60_000, 60_000];

  /** A request that is not answered for so long has failed. */
  @IsInt()
  @Min(1)
  @Max(60_000)
  timeoutMs: number = 5_000;

  /** How long a change is not found by search. */
  @IsInt()
  @Min(0)
  @Max(3_600_000)
  searchLagMs: number = 0;

  /** Every answer of the API waits this long. */
  @IsInt()
  @Min(0)
  @Max(60_000)
  apiDelayMs: number = 0;

  /** So many requests to the API are answered with 502 from now on. */
  @IsInt()
  @Min(0)
  apiFailNext: number = 0;

  /** Answered with 502. */
  @IsNumber()
  @Min(0)
  @Max(1)
  apiFailRate: number = 0;

  /** Answered with 429, whatever the limits say. */
  @IsNumber()
  @Min(0)
  @Max(1)
  apiLimitRate: number = 0;

  /** Answered after `apiSlowMs`. */
  @IsNumber()
  @Min(0)
  @Max(1)
  apiSlowRate: number = 0;

  @IsInt()
  @Min(0)
  @Max(600_000)
  apiSlowMs: number = 15_000;

  /** What becomes of the next requests to the API, one after the other: a status, `slow` or `ok`. */
  @IsArray()
  @ArrayMaxSize(MOST_SCRIPTED)
  @IsIn(['ok', ...API_FAULTS], { each: true })
  apiScript: ('ok' | ApiFault)[] = [];

  /** How far the portal's clock is ahead of ours: of its records, its events and its signatures. */
  @IsInt()
  @Min(-86_400_000)
  @Max(86_400_000)
  clockSkewMs: number = 0;

  /** So many posts to the receiver are answered with `receiverFailStatus` from now on. */
  @IsInt()
  @Min(0)
  receiverFailNext: number = 0;

  @IsIn([400, 401, 404, 410, 429, 500, 502, 503, 504])
  receiverFailStatus: number = 500;
}

/** The present ones with some turned; what is undefined stays. Throws a text that names the wrong knob. */
export function turnKnobs<K extends object>(present: K, turned: Partial<K>): K {
  const set = Object.fromEntries(Object.entries(turned).filter(([, value]) => value !== undefined));
  const knobs = plainToInstance(present.constructor as ClassConstructor<K>, { ...present, ...set });
  const wrong = validateSync(knobs, { whitelist: true, forbidNonWhitelisted: true });
  const messages = wrong.flatMap(({ constraints }) => Object.values(constraints ?? {}));
  if (messages.length > 0) throw new RangeError(messages.join('; '));
  return knobs;
}
