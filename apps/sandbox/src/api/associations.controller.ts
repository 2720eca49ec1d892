import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Inject,
  Param,
  Post,
  Put,
  Query,
  Res,
  UseGuards,
} from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { findLinkFacts, type LinkFacts } from '../crm/association-types.js';
import type { Link } from '../crm/association-book.js';
import type { ObjectRef } from '../crm/crm-change.js';
import { invalid } from '../crm/crm-error.js';
import { CrmStore } from '../crm/crm-store.js';
import { readObjectType, TYPE_FACTS } from '../crm/object-types.js';
import { ApiGuard } from './api.guard.js';
import { ApiOptions } from './api-options.js';
import { describeBatch, statusOf, type BatchError, type BatchResult } from './batch-result.js';
import { readId, readInputs, readTypeIds, type Query as QueryParams } from './read-request.js';

/** Links of one record in one answer. */
const LONGEST_PAGE = 500;
const MOST_INPUTS = 1_000;
const CATEGORY = 'HUBSPOT_DEFINED';

interface Ends {
  fromType: string;
  fromId: string;
  toType: string;
  toId: string;
}

interface ShownLink {
  toObjectId: string;
  associationTypes: { category: string; typeId: number; label: string | null }[];
}

interface LinkPage {
  to: ShownLink[];
  paging?: { next: { after: string; link: string } };
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
  ): { results: ShownLink[]; paging?: LinkPage['paging'] } {
    const from = { type: readObjectType(ends.fromType), id: ends.fromId };
    this.store.read(from.type, from.id);
    const limit = Math.min(Number(query['limit'] ?? LONGEST_PAGE) || LONGEST_PAGE, LONGEST_PAGE);
    const { to, paging } = this.readPage(from, ends.toType, { after: query['after'], limit });
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
    return {
      fromObjectTypeId: TYPE_FACTS[from.type].typeId,
      fromObjectId: from.id,
      toObjectTypeId: TYPE_FACTS[to.type].typeId,
      toObjectId: to.id,
      labels:
        findFacts(from, to).primary && typeIds.includes(findFacts(from, to).primary?.typeId ?? 0) ? ['Primary'] : [],
    };
  }

  @Delete('objects/:fromType/:fromId/associations/:toType/:toId')
  @HttpCode(204)
  remove(@Param() ends: Ends): void {
    const { from, to } = readEnds(ends);
    this.store.dissociate(from, to, this.options.actor);
  }

  /** A record without links is an error of the batch, as in HubSpot. */
  @Post('associations/:fromType/:toType/batch/read')
  readBatch(
    @Param() { fromType, toType }: Pick<Ends, 'fromType' | 'toType'>,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): BatchResult<unknown> {
    const type = readObjectType(fromType);
    const pages = readInputs(body, MOST_INPUTS).map((input) => {
      const from = { type, id: readId(input) };
      return { from, page: this.readPage(from, toType, { after: String(input['after'] ?? ''), limit: LONGEST_PAGE }) };
    });
    const errors = pages.filter(({ page }) => page.to.length === 0).map(({ from }) => describeUnlinked(from, toType));
    const results = pages
      .filter(({ page }) => page.to.length > 0)
      .map(({ from, page }) => ({ from: { id: from.id }, ...page }));
    const result = describeBatch(results, errors, this.options.now());
    void reply.status(statusOf(result, 200));
    return result;
  }

  private readPage(
    from: ObjectRef,
    toType: string,
    { after, limit }: { after?: string | string[]; limit: number },
  ): LinkPage {
    const links = this.store.listLinks(from, readObjectType(toType));
    const start = Number(after || 0);
    if (!Number.isInteger(start)) throw invalid('after is not what an earlier page gave');
    const end = start + limit;
    const next = { after: String(end), link: `?after=${end}` };
    return { to: links.slice(start, end).map(showLink), ...(end < links.length && { paging: { next } }) };
  }
}

function readEnds({ fromType, fromId, toType, toId }: Ends): { from: ObjectRef; to: ObjectRef } {
  return { from: { type: readObjectType(fromType), id: fromId }, to: { type: readObjectType(toType), id: toId } };
}

function findFacts(from: ObjectRef, to: ObjectRef): LinkFacts {
  const facts = findLinkFacts(from.type, to.type);
  if (!facts) throw invalid(`No association type exists from ${from.type} to ${to.type}`);
  return facts;
}

function showLink({ id, types }: Link): ShownLink {
  return { toObjectId: id, associationTypes: types.map((type) => ({ category: CATEGORY, ...type })) };
}

function describeDefault(from: ObjectRef, to: ObjectRef): Record<string, unknown> {
  const associationSpec = { associationCategory: CATEGORY, associationTypeId: findFacts(from, to).plain.typeId };
  return { from: { id: from.id }, to: { id: to.id }, associationSpec };
}

function describeUnlinked({ type, id }: ObjectRef, toType: string): BatchError {
  return {
    status: 'error',
    category: 'OBJECT_NOT_FOUND',
    subCategory: 'crm.associations.NO_ASSOCIATIONS_FOUND',
    message: `No ${toType} is associated with ${type} ${id}.`,
    context: { fromObjectId: [id], fromObjectType: [type], toObjectType: [toType] },
  };
}
