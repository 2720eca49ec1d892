import 'reflect-metadata';
import { ArrayNotEmpty, IsArray, IsNotEmpty, IsString, Min } from 'class-validator';
import { Duration, Key, Optional } from './config-key.js';

const MINUTE_MS = 60_000;

/** When a connection's CRM is asked what changed. */
export class PollConfig {
  @Key({ type: 'duration', meaning: 'How often it is asked what changed. Either this or `cron`.' })
  @Optional()
  @Duration()
  @Min(1_000, { message: 'must be 1s or more' })
  every?: number;

  @Key({ type: 'text', meaning: 'When it is asked, e.g. `*/5 * * * *`, in UTC. Either this or `every`.' })
  @Optional()
  @IsString()
  @IsNotEmpty()
  cron?: string;

  @Key({ type: 'list', meaning: 'Which entities.', default: 'all that the source can poll' })
  @Optional()
  @IsArray()
  @ArrayNotEmpty()
  @IsString({ each: true })
  entities?: string[];

  @Key({ type: 'duration', meaning: 'How far back the very first poll looks.', default: '1h' })
  @Duration()
  lookBack: number = 60 * MINUTE_MS;

  @Key({
    type: 'duration',
    meaning: 'Each poll begins up to so much later, at random, so that not all begin at once.',
    default: 'a tenth of the time between two polls, at most 30s',
  })
  @Optional()
  @Duration()
  jitter?: number;

  @Key({
    type: 'duration',
    meaning:
      'What a poll has found, and no webhook has told so long after it happened, counts as a missed webhook. 0: nobody sends webhooks here.',
    default: '2m',
  })
  @Duration()
  webhookGrace: number = 2 * MINUTE_MS;
}
