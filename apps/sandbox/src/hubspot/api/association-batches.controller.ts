import { Body, Controller, HttpCode, Inject, Param, Post, Res, UseGuards } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { ObjectRef } from '../../crm/crm-change.js';
import { CrmStore } from '../../crm/crm-store.js';
import { readObjectType } from '../../crm/object-types.js';
import { ApiGuard } from './api.guard.js';
import { ApiOptions } from './api-options.js';
import { describeBatch, describeFailure, statusOf, type BatchError, type BatchResult } from './batch-result.js';
import { readId, readInputs, readJson, readList, readTypeIds, type Json } from './read-request.js';
import { describeDefault, describePair, describeUnlinked, LONGEST_PAGE, readPage } from './show-link.js';
import { listNamedLinks } from './show-object.js';

const MOST_INPUTS = 1_000;

interface Types {
  fromType: string;
  toType: string;
}

/** Links of many records at once, in both versions of the API. */
@Controller()
@UseGuards(ApiGuard)
export class AssociationBatchesController {
  constructor(
    @Inject(CrmStore) private readonly store: CrmStore,
    @Inject(ApiOptions) private readonly options: ApiOptions,
  ) {}

  @Post('crm/v4/associations/:fromType/:toType/batch/read')
  read(
    @Param() { fromType, toType }: Types,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): BatchResult<unknown> {
    const type = readObjectType(fromType);
    const pages = readInputs(body, MOST_INPUTS).map((input) => {
      const from = { type, id: readId(input) };
      const page = readPage(this.store, from, { toType, after: String(input['after'] ?? ''), limit: LONGEST_PAGE });
      return { from, page };
    });
    return this.answerLinks(reply, toType, pages);
  }

  @Post('crm/v3/associations/:fromType/:toType/batch/read')
  readNamed(
    @Param() { fromType, toType }: Types,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): BatchResult<unknown> {
    const [type, other] = [readObjectType(fromType), readObjectType(toType)];
    const pages = readInputs(body, MOST_INPUTS).map((input) => {
      const from = { type, id: readId(input) };
      return { from, page: { to: listNamedLinks(this.store, from, other) } };
    });
    return this.answerLinks(reply, toType, pages);
  }

  @Post('crm/v4/associations/:fromType/:toType/batch/create')
  create(
    @Param() types: Types,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): BatchResult<unknown> {
    const result = this.writeEach(types, body, (from, to, input) => {
      const typeIds = readTypeIds(input['types']);
      this.store.associate(from, { to, typeIds }, this.options.actor);
      return [describePair(from, to, typeIds)];
    });
    void reply.status(statusOf(result, 201));
    return result;
  }

  @Post('crm/v4/associations/:fromType/:toType/batch/associate/default')
  @HttpCode(200)
  createDefault(@Param() types: Types, @Body() body: unknown): BatchResult<unknown> {
    return this.writeEach(types, body, (from, to) => {
      this.store.associate(from, { to, typeIds: [] }, this.options.actor);
      return [describeDefault(from, to), describeDefault(to, from)];
    });
  }

  /** One to many in each input. To remove what is not there is no error. */
  @Post('crm/v4/associations/:fromType/:toType/batch/archive')
  @HttpCode(204)
  archive(@Param() { fromType, toType }: Types, @Body() body: unknown): void {
    const [type, other] = [readObjectType(fromType), readObjectType(toType)];
    for (const input of readInputs(body, MOST_INPUTS)) {
      const from = { type, id: readId(readJson(input['from'])) };
      for (const to of readList(input['to'], 'to'))
        this.store.dissociate(from, { type: other, id: readId(readJson(to)) }, this.options.actor);
    }
  }

  /** What one input comes to nothing for hinders no other. */
  private writeEach(
    { fromType, toType }: Types,
    body: unknown,
    write: (from: ObjectRef, to: ObjectRef, input: Json) => unknown[],
  ): BatchResult<unknown> {
    const [type, other] = [readObjectType(fromType), readObjectType(toType)];
    const results: unknown[] = [];
    const errors: BatchError[] = [];
    for (const input of readInputs(body, MOST_INPUTS)) {
      const from = { type, id: readId(readJson(input['from'])) };
      const to = { type: other, id: readId(readJson(input['to'])) };
      try {
        results.push(...write(from, to, input));
      } catch (error) {
        errors.push(describeFailure(error, undefined));
      }
    }
    return describeBatch(results, errors, this.options.now());
  }

  private answerLinks(
    reply: FastifyReply,
    toType: string,
    pages: readonly { from: ObjectRef; page: { to: readonly unknown[] } }[],
  ): BatchResult<unknown> {
    const unlinked = pages.filter(({ page }) => page.to.length === 0);
    const linked = pages.filter(({ page }) => page.to.length > 0);
    const result = describeBatch(
      linked.map(({ from, page }) => ({ from: { id: from.id }, ...page })),
      unlinked.map(({ from }) => describeUnlinked(from, toType)),
      this.options.now(),
    );
    void reply.status(statusOf(result, 200));
    return result;
  }
}
