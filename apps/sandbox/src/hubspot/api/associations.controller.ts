import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Put, Query, UseGuards } from '@nestjs/common';
import type { ObjectRef } from '../../crm/crm-change.js';
import { CrmStore } from '../../crm/crm-store.js';
import { readObjectType } from '../../crm/object-types.js';
import { ApiGuard } from './api.guard.js';
import { ApiOptions } from './api-options.js';
import { describeBatch, type BatchResult } from './batch-result.js';
import { readTypeIds, type Query as QueryParams } from './read-request.js';
import {
  CATEGORY,
  describeDefault,
  describePair,
  findFacts,
  LONGEST_PAGE,
  readPage,
  type LinkPage,
} from './show-link.js';

interface Ends {
  fromType: string;
  fromId: string;
  toType: string;
  toId: string;
}

@Controller('crm/v4')
@UseGuards(ApiGuard)
export class AssociationsController {
  constructor(
    @Inject(CrmStore) private readonly store: CrmStore,
    @Inject(ApiOptions) private readonly options: ApiOptions,
  ) {}

  @Get('objects/:fromType/:fromId/associations/:toType')
  list(
    @Param() ends: Omit<Ends, 'toId'>,
    @Query() query: QueryParams,
  ): { results: LinkPage['to']; paging?: LinkPage['paging'] } {
    const from = { type: readObjectType(ends.fromType), id: ends.fromId };
    this.store.read(from.type, from.id);
    const limit = Math.min(Number(query['limit'] ?? LONGEST_PAGE) || LONGEST_PAGE, LONGEST_PAGE);
    const { to, paging } = readPage(this.store, from, { toType: ends.toType, after: query['after'], limit });
    return { results: to, ...(paging && { paging }) };
  }

  @Put('objects/:fromType/:fromId/associations/default/:toType/:toId')
  putDefault(@Param() ends: Ends): BatchResult<unknown> {
    const { from, to } = readEnds(ends);
    this.store.associate(from, { to, typeIds: [] }, this.options.actor);
    const told = [describeDefault(from, to), describeDefault(to, from)];
    return describeBatch(told, [], this.options.now());
  }

  @Put('objects/:fromType/:fromId/associations/:toType/:toId')
  @HttpCode(201)
  put(@Param() ends: Ends, @Body() body: unknown): Record<string, unknown> {
    const { from, to } = readEnds(ends);
    const typeIds = readTypeIds(body);
    this.store.associate(from, { to, typeIds }, this.options.actor);
    return describePair(from, to, typeIds);
  }

  @Delete('objects/:fromType/:fromId/associations/:toType/:toId')
  @HttpCode(204)
  remove(@Param() ends: Ends): void {
    const { from, to } = readEnds(ends);
    this.store.dissociate(from, to, this.options.actor);
  }

  /** The types of links that there can be between two kinds of objects. */
  @Get('associations/:fromType/:toType/labels')
  listTypes(@Param() { fromType, toType }: Pick<Ends, 'fromType' | 'toType'>): { results: unknown[] } {
    const { primary, plain } = findFacts(readObjectType(fromType), readObjectType(toType));
    return { results: [...(primary ? [primary] : []), plain].map((type) => ({ category: CATEGORY, ...type })) };
  }
}

function readEnds({ fromType, fromId, toType, toId }: Ends): { from: ObjectRef; to: ObjectRef } {
  return { from: { type: readObjectType(fromType), id: fromId }, to: { type: readObjectType(toType), id: toId } };
}
