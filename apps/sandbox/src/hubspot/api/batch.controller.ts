import { Body, Controller, HttpCode, Inject, Param, Post, Query, Res, UseGuards } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { CrmObject } from '../../crm/crm-object.js';
import { CrmStore } from '../../crm/crm-store.js';
import { readObjectType, type ObjectType } from '../../crm/object-types.js';
import { ApiGuard } from './api.guard.js';
import { ApiOptions } from './api-options.js';
import {
  describeBatch,
  describeFailure,
  describeMissing,
  statusOf,
  type BatchError,
  type BatchResult,
} from './batch-result.js';
import {
  readId,
  readInputs,
  readJson,
  readProperties,
  readWishedLinks,
  readWishesOfBody,
  type Json,
} from './read-request.js';
import { NO_WISHES, showObject, type ShownObject } from './show-object.js';

type Result = BatchResult<ShownObject & { objectWriteTraceId?: string; new?: boolean }>;
type Written = CrmObject | { object: CrmObject; isNew: boolean };

@Controller('crm/v3/objects/:type/batch')
@UseGuards(ApiGuard)
export class BatchController {
  constructor(
    @Inject(CrmStore) private readonly store: CrmStore,
    @Inject(ApiOptions) private readonly options: ApiOptions,
  ) {}

  @Post('read')
  read(
    @Param('type') typeName: string,
    @Query('archived') archived: string | undefined,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Result {
    const type = readObjectType(typeName);
    const json = readJson(body);
    const wishes = readWishesOfBody(json);
    const { idProperty } = json;
    const ids = [...new Set(readInputs(body).map((input) => readId(input)))];
    const found = ids.map((id) => ({ id, object: this.find(type, { id, idProperty, archived }) }));
    const missing = found.filter(({ object }) => !object).map(({ id }) => id);
    const shown = found.flatMap(({ object }) => (object ? [showObject(this.store, object, wishes)] : []));
    return this.answer(reply, describeBatch(shown, describeMissing(missing), this.options.now()), 200);
  }

  @Post('create')
  create(
    @Param('type') typeName: string,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Result {
    const type = readObjectType(typeName);
    const { actor } = this.options;
    return this.writeEach(reply, { inputs: readInputs(body), good: 201 }, (input) =>
      this.store.create(type, readProperties(input), { actor, links: readWishedLinks(type, input) }),
    );
  }

  @Post('update')
  update(
    @Param('type') typeName: string,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Result {
    const type = readObjectType(typeName);
    const { actor } = this.options;
    return this.writeEach(reply, { inputs: readInputs(body), good: 200 }, (input) =>
      this.store.update({ type, id: readId(input) }, readProperties(input), actor),
    );
  }

  /** `id` is the value of `idProperty`; what nobody has yet is created. */
  @Post('upsert')
  upsert(
    @Param('type') typeName: string,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Result {
    const type = readObjectType(typeName);
    const { actor } = this.options;
    return this.writeEach(reply, { inputs: readInputs(body), good: 200 }, (input) => {
      const found = this.find(type, { id: readId(input), idProperty: input['idProperty'] });
      const properties = readProperties(input);
      const object = found
        ? this.store.update(found, properties, actor)
        : this.store.create(type, properties, { actor });
      return { object, isNew: !found };
    });
  }

  @Post('archive')
  @HttpCode(204)
  archive(@Param('type') typeName: string, @Body() body: unknown): void {
    const type = readObjectType(typeName);
    for (const input of readInputs(body)) this.store.archive({ type, id: readId(input) }, this.options.actor);
  }

  /** What one input comes to nothing for hinders no other. */
  private writeEach(
    reply: FastifyReply,
    batch: { inputs: Json[]; good: 200 | 201 },
    write: (input: Json) => Written,
  ): Result {
    const results: Result['results'] = [];
    const errors: BatchError[] = [];
    for (const input of batch.inputs) {
      const traceId = typeof input['objectWriteTraceId'] === 'string' ? input['objectWriteTraceId'] : undefined;
      try {
        results.push({ ...this.show(write(input)), ...(traceId !== undefined && { objectWriteTraceId: traceId }) });
      } catch (error) {
        errors.push(describeFailure(error, traceId));
      }
    }
    return this.answer(reply, describeBatch(results, errors, this.options.now()), batch.good);
  }

  private find(
    type: ObjectType,
    { id, idProperty, archived }: { id: string; idProperty: unknown; archived?: string | undefined },
  ): CrmObject | undefined {
    if (archived === 'true') return this.store.find(type, id, true);
    return this.store.findBy(type, typeof idProperty === 'string' ? idProperty : 'hs_object_id', id);
  }

  private show(written: Written): ShownObject & { new?: boolean } {
    if ('isNew' in written) return { ...this.show(written.object), new: written.isNew };
    return showObject(this.store, written, { ...NO_WISHES, properties: [...written.properties.keys()] });
  }

  private answer(reply: FastifyReply, result: Result, good: 200 | 201): Result {
    void reply.status(statusOf(result, good));
    return result;
  }
}
