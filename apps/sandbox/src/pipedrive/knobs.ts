import { ArrayMaxSize, IsArray, IsBoolean, IsIn, IsInt, IsNumber, Max, Min } from 'class-validator';

const HOUR_MS = 3_600_000;

/** What can be turned while the sandbox runs: `PUT /sandbox/pipedrive/knobs`. Rates are from 0 to 1. */
export class PipedriveKnobs {
  /** Webhooks wait in the sandbox. */
  @IsBoolean()
  paused: boolean = false;

  /** Webhooks that are sent a second time, as after an answer that came too late. */
  @IsNumber()
  @Min(0)
  @Max(1)
  duplicateRate: number = 0;

  /** Webhooks that are never sent. */
  @IsNumber()
  @Min(0)
  @Max(1)
  dropRate: number = 0;

  /** Webhooks wait this long before they are sent. */
  @IsInt()
  @Min(0)
  @Max(HOUR_MS)
  delayMs: number = 0;

  /** Each waits up to so much longer: they overtake each other. */
  @IsInt()
  @Min(0)
  @Max(HOUR_MS)
  disorderMs: number = 0;

  /** When a failed webhook is sent again, each counted from the failure before. */
  @IsArray()
  @ArrayMaxSize(10)
  @IsInt({ each: true })
  @Min(0, { each: true })
  retryDelaysMs: number[] = [3_000, 30_000, 150_000];

  /** A webhook that is not answered for so long has failed. */
  @IsInt()
  @Min(1)
  @Max(60_000)
  timeoutMs: number = 10_000;

  /** After so many failed first attempts nothing is sent for `banMs`, and what happens meanwhile is lost. */
  @IsInt()
  @Min(1)
  banAfter: number = 10;

  @IsInt()
  @Min(0)
  banMs: number = 1_800_000;

  /** Every answer of the API waits this long. */
  @IsInt()
  @Min(0)
  @Max(60_000)
  apiDelayMs: number = 0;

  /** So many requests to the API are answered with `apiFailStatus` from now on. */
  @IsInt()
  @Min(0)
  apiFailNext: number = 0;

  /** Requests to the API that are answered with `apiFailStatus`. */
  @IsNumber()
  @Min(0)
  @Max(1)
  apiFailRate: number = 0;

  @IsIn([429, 500, 502, 503])
  apiFailStatus: number = 502;

  /** The CRM's clock is wrong by so much: every time that it shows. */
  @IsInt()
  clockSkewMs: number = 0;
}
