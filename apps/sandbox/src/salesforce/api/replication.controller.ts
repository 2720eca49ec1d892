import { Controller, Get, Inject, Param, Query, UseFilters, UseGuards } from '@nestjs/common';
import { SalesforceOrg } from '../org.js';
import { refuse } from '../salesforce-error.js';
import type { SObject } from '../schema/field.js';
import { readField } from '../schema/field-book.js';
import { readTime, showTime } from '../times.js';
import { SalesforceErrorFilter } from './error.filter.js';
import { readWindow, type ReplicationWindow } from './replication.js';
import { RequestGuard } from './request.guard.js';

type Times = Readonly<Record<string, string | undefined>>;

const UPDATED_DAYS = 30;
const DELETED_DAYS = 15;

/** What changed, and what was deleted, in a window of time. */
@Controller('services/data/:version/sobjects/:type')
@UseGuards(RequestGuard)
@UseFilters(SalesforceErrorFilter)
export class ReplicationController {
  constructor(@Inject(SalesforceOrg) private readonly org: SalesforceOrg) {}

  @Get('updated')
  updated(@Param('type') type: string, @Query() query: Times): { ids: string[]; latestDateCovered: string } {
    const object = this.readObject(type);
    const { startMs, endMs, coveredMs } = this.readWindow(query, UPDATED_DAYS);
    const stamp = readField(object, 'SystemModstamp');
    const ids = this.org.records.list(object, false).flatMap((row) => {
      const atMs = readTime(String(row.read(stamp))) ?? 0;
      return atMs >= startMs && atMs < endMs ? [row.id] : [];
    });
    this.checkCount(ids.length);
    return { ids, latestDateCovered: showTime(coveredMs) };
  }

  @Get('deleted')
  deleted(@Param('type') type: string, @Query() query: Times): Record<string, unknown> {
    const object = this.readObject(type);
    const window = this.readWindow(query, DELETED_DAYS);
    const skewMs = this.org.knobs.clockSkewMs;
    const found = this.org.deleteLog.list(object.name, {
      startMs: window.startMs - skewMs,
      endMs: window.endMs - skewMs,
    });
    this.checkCount(found.length);
    return {
      deletedRecords: found.map(({ id, atMs }) => ({ deletedDate: showTime(atMs + skewMs), id })),
      earliestDateAvailable: showTime(this.org.deleteLog.earliestMs(this.org.now()) + skewMs),
      latestDateCovered: showTime(window.coveredMs),
    };
  }

  private readObject(type: string): SObject {
    const object = this.org.book.readOfPath(type);
    if (object.type === undefined) throw refuse('INVALID_TYPE', `${object.name} is not replicable`);
    return object;
  }

  private readWindow(query: Times, days: number): ReplicationWindow {
    const { replicationStepMs, clockSkewMs } = this.org.knobs;
    return readWindow(query, { nowMs: this.org.now() + clockSkewMs, stepMs: replicationStepMs, days });
  }

  private checkCount(count: number): void {
    if (count > this.org.knobs.idLimit)
      throw refuse('EXCEEDED_ID_LIMIT', `More than ${this.org.knobs.idLimit} ids: ask for a shorter time`);
  }
}
