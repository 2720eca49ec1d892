import { Controller, Get, Headers, Inject, Param, Query, UseFilters, UseGuards } from '@nestjs/common';
import { SalesforceOrg } from '../org.js';
import { showRow } from '../rows/records.js';
import { refuse } from '../salesforce-error.js';
import type { Value } from '../schema/field.js';
import { readField } from '../schema/field-book.js';
import { evaluate } from '../soql/evaluate.js';
import { parseQuery } from '../soql/parse.js';
import { Cursors, type Cursor } from './cursors.js';
import { SalesforceErrorFilter } from './error.filter.js';
import { RequestGuard } from './request.guard.js';

export interface QueryPage {
  totalSize: number;
  done: boolean;
  nextRecordsUrl?: string;
  records: Record<string, Value>[];
}

const SMALLEST_WISHED_PAGE = 200;

@Controller('services/data/:version')
@UseGuards(RequestGuard)
@UseFilters(SalesforceErrorFilter)
export class QueryController {
  private readonly cursors = new Cursors();

  constructor(@Inject(SalesforceOrg) private readonly org: SalesforceOrg) {}

  @Get('query')
  query(
    @Param('version') version: string,
    @Query('q') text: string | undefined,
    @Headers('sforce-query-options') options?: string,
  ): QueryPage {
    return this.run(version, text, { options, withDeleted: false });
  }

  /** Also what is in the recycle bin. */
  @Get('queryAll')
  queryAll(
    @Param('version') version: string,
    @Query('q') text: string | undefined,
    @Headers('sforce-query-options') options?: string,
  ): QueryPage {
    return this.run(version, text, { options, withDeleted: true });
  }

  @Get(['query/:locator', 'queryAll/:locator'])
  more(@Param('version') version: string, @Param('locator') locator: string): QueryPage {
    const { id, cursor, start } = this.cursors.read(locator);
    return showPage(version, cursor, { id, start });
  }

  private run(
    version: string,
    text: string | undefined,
    how: { options?: string | undefined; withDeleted: boolean },
  ): QueryPage {
    if (text === undefined) throw refuse('MALFORMED_QUERY', 'SOQL statements cannot be empty or null');
    const query = parseQuery(text);
    const object = this.org.book.find(query.from);
    if (!object) throw refuse('INVALID_TYPE', `sObject type '${query.from}' is not supported.`);
    const fields = query.select === 'count' ? [] : query.select.map((name) => readField(object, name));
    const rows = evaluate(query, object, this.org.records.list(object, how.withDeleted));
    if (query.select === 'count') return { totalSize: rows.length, done: true, records: [] };
    const cursor = { object, fields, rows, pageSize: this.readPageSize(how.options) };
    return showPage(version, cursor, { id: rows.length > cursor.pageSize ? this.cursors.add(cursor) : '', start: 0 });
  }

  private readPageSize(options: string | undefined): number {
    const { pageSize } = this.org.knobs;
    const wished = Number(/batchSize=(\d+)/i.exec(options ?? '')?.[1] ?? pageSize);
    return Math.min(pageSize, Math.max(wished, SMALLEST_WISHED_PAGE));
  }
}

function showPage(
  version: string,
  { object, fields, rows, pageSize }: Cursor,
  at: { id: string; start: number },
): QueryPage {
  const end = at.start + pageSize;
  const done = end >= rows.length;
  return {
    totalSize: rows.length,
    done,
    ...(!done && { nextRecordsUrl: `/services/data/${version}/query/${at.id}-${end}` }),
    records: rows.slice(at.start, end).map((row) => showRow(object, row, { version, fields })),
  };
}
