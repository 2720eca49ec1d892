import { Controller, Get, Inject, Param, UseFilters, UseGuards } from '@nestjs/common';
import { SalesforceOrg } from '../org.js';
import { describeObject, summarizeObject } from './describe.js';
import { SalesforceErrorFilter } from './error.filter.js';
import { NEWEST_VERSION, RequestGuard } from './request.guard.js';

@Controller('services/data')
@UseFilters(SalesforceErrorFilter)
export class VersionsController {
  /** Without a token. */
  @Get()
  versions(): Record<string, string>[] {
    return [NEWEST_VERSION - 1, NEWEST_VERSION].map((number) => ({
      label: `v${number}`,
      url: `/services/data/v${number}.0`,
      version: `${number}.0`,
    }));
  }
}

/** What the org consists of. */
@Controller('services/data/:version')
@UseGuards(RequestGuard)
@UseFilters(SalesforceErrorFilter)
export class MetadataController {
  constructor(@Inject(SalesforceOrg) private readonly org: SalesforceOrg) {}

  @Get()
  resources(@Param('version') version: string): Record<string, string> {
    const names = ['sobjects', 'query', 'queryAll', 'limits', 'composite'];
    return Object.fromEntries(names.map((name) => [name, `/services/data/${version}/${name}`]));
  }

  @Get('limits')
  limits(): Record<string, { Max: number; Remaining: number }> {
    const { used, dailyLimit } = this.org.gate;
    return { DailyApiRequests: { Max: dailyLimit, Remaining: dailyLimit - used } };
  }

  @Get('sobjects')
  list(@Param('version') version: string): Record<string, unknown> {
    const sobjects = this.org.book.list().map((object) => summarizeObject(object, version));
    return { encoding: 'UTF-8', maxBatchSize: 200, sobjects };
  }

  @Get('sobjects/:type')
  summarize(@Param('version') version: string, @Param('type') type: string): Record<string, unknown> {
    return { objectDescribe: summarizeObject(this.org.book.readOfPath(type), version), recentItems: [] };
  }

  @Get('sobjects/:type/describe')
  describe(@Param('version') version: string, @Param('type') type: string): Record<string, unknown> {
    return describeObject(this.org.book.readOfPath(type), version);
  }
}
