import 'reflect-metadata';
import { ArrayNotEmpty, IsArray, IsBoolean, IsInt, IsNotEmpty, IsNumber, IsString, Max, Min } from 'class-validator';
import { Duration, Key, NumericText, Optional } from './config-key.js';

/** When a connection or a plugin is compared by itself. */
export class ReconcileConfig {
  @Key({ type: 'duration', meaning: 'How often the two sides are compared. Either this or `cron`.' })
  @Optional()
  @Duration()
  @Min(60_000, { message: 'must be 1m or more' })
  every?: number;

  @Key({ type: 'text', meaning: 'When they are compared, e.g. `0 3 * * *`, in UTC. Either this or `every`.' })
  @Optional()
  @IsString()
  @IsNotEmpty()
  cron?: string;

  @Key({
    type: 'duration',
    meaning: 'Each run begins up to so much later, at random, so that not all begin at once.',
    default: 'a tenth of the time between two runs, at most 30s',
  })
  @Optional()
  @Duration()
  jitter?: number;

  @Key({
    type: 'duration',
    meaning:
      'Of connections: what differs counts when it has stood so long, also in runs that somebody asks for. What tells of changes must have come by then.',
    default: '1m, longer where webhooks or polls may come later',
  })
  @Optional()
  @Duration()
  grace?: number;

  @Key({ type: 'true or false', meaning: 'Whether what differs is repaired, or only reported.' })
  @IsBoolean()
  repair: boolean = false;

  @Key({
    type: 'true or false',
    meaning: 'Of a connection: whether records are read whole, so that also a changed mapping shows.',
  })
  @IsBoolean()
  content: boolean = false;

  @Key({ type: 'list', meaning: 'Which entities.', default: 'all' })
  @Optional()
  @IsArray()
  @ArrayNotEmpty()
  @IsString({ each: true })
  entities?: string[];

  @Key({ type: 'number', meaning: 'So many repairs one run sends at most; for more it asks.' })
  @NumericText()
  @IsInt()
  @Min(1)
  maxRepairs: number = 10_000;

  @Key({
    type: 'number',
    meaning: 'So many requests one run sends to the CRM, or to the plugin, at most; for more it asks.',
  })
  @NumericText()
  @IsInt()
  @Min(1)
  maxCalls: number = 100_000;

  @Key({
    type: 'number',
    meaning: 'Where more of a hundred records differ (and more than 20), nothing is repaired without a yes.',
  })
  @NumericText()
  @IsNumber()
  @Min(0)
  @Max(100)
  maxPercent: number = 5;
}
