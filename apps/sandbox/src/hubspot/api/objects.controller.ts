import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Patch, Post, Query, UseGuards } from '@nestjs/common';
import type { ObjectRef } from '../../crm/crm-change.js';
import { CrmError, invalid, notFound } from '../../crm/crm-error.js';
import type { CrmObject } from '../../crm/crm-object.js';
import { CrmStore } from '../../crm/crm-store.js';
import { readObjectType, type ObjectType } from '../../crm/object-types.js';
import { ApiGuard } from './api.guard.js';
import { ApiOptions } from './api-options.js';
import {
  readId,
  readJson,
  readProperties,
  readWishedLinks,
  readWishes,
  type Query as QueryParams,
} from './read-request.js';
import { NO_WISHES, showObject, type ShownObject } from './show-object.js';

const LONGEST_PAGE = 100;
const DEFAULT_PAGE = 10;

interface Page {
  results: ShownObject[];
  paging?: { next: { after: string; link: string } };
}

@Controller('crm/v3/objects/:type')
@UseGuards(ApiGuard)
export class ObjectsController {
  constructor(
    @Inject(CrmStore) private readonly store: CrmStore,
    @Inject(ApiOptions) private readonly options: ApiOptions,
  ) {}

  /** `after` is the id at which the page begins. */
  @Get()
  list(@Param('type') typeName: string, @Query() query: QueryParams): Page {
    const limit = Number(query['limit'] ?? DEFAULT_PAGE);
    if (!Number.isInteger(limit) || limit < 1 || limit > LONGEST_PAGE)
      throw invalid(`limit must be from 1 to ${LONGEST_PAGE}`);
    const after = Number(query['after'] ?? 0);
    if (!Number.isFinite(after)) throw invalid('after is not what an earlier page gave');
    const page = { from: String(after), limit: limit + 1, archived: query['archived'] === 'true' };
    const objects = this.store.listFrom(readObjectType(typeName), page);
    const next = objects[limit]?.id;
    return {
      results: objects.slice(0, limit).map((object) => showObject(this.store, object, readWishes(query))),
      ...(next !== undefined && { paging: { next: { after: next, link: `?after=${next}` } } }),
    };
  }

  @Get(':id')
  get(@Param('type') typeName: string, @Param('id') id: string, @Query() query: QueryParams): ShownObject {
    const archived = query['archived'] === 'true';
    const type = readObjectType(typeName);
    const object = archived ? this.store.read(type, id, true) : this.find(type, id, query['idProperty']);
    return showObject(this.store, object, readWishes(query));
  }

  @Post()
  create(@Param('type') typeName: string, @Body() body: unknown): ShownObject {
    const type = readObjectType(typeName);
    const json = readJson(body);
    const links = readWishedLinks(type, json);
    return this.show(this.store.create(type, readProperties(json), { actor: this.options.actor, links }));
  }

  @Patch(':id')
  update(
    @Param() { type: typeName, id }: { type: string; id: string },
    @Query() query: QueryParams,
    @Body() body: unknown,
  ): ShownObject {
    const object = this.find(readObjectType(typeName), id, query['idProperty']);
    return this.show(this.store.update(object, readProperties(readJson(body)), this.options.actor));
  }

  @Delete(':id')
  @HttpCode(204)
  archive(@Param('type') typeName: string, @Param('id') id: string): void {
    this.store.archive({ type: readObjectType(typeName), id }, this.options.actor);
  }

  @Post('merge')
  @HttpCode(200)
  merge(@Param('type') typeName: string, @Body() body: unknown): ShownObject {
    const type = readObjectType(typeName);
    const json = readJson(body);
    const ids = { primaryId: readId(json, 'primaryObjectId'), mergedId: readId(json, 'objectIdToMerge') };
    const newId = this.options.mergeMakesNewId.includes(type);
    return this.show(this.store.merge(type, ids, { newId, actor: this.options.actor }));
  }

  @Post('gdpr-delete')
  @HttpCode(204)
  erase(@Param('type') typeName: string, @Body() body: unknown): void {
    const type = readObjectType(typeName);
    if (type !== 'contacts') throw new CrmError(405, 'METHOD_NOT_ALLOWED', 'Only contacts can be deleted for good');
    this.store.erase(this.locate(type, readJson(body)), this.options.actor);
  }

  /** Archived contacts are erased too, by their id. */
  private locate(type: ObjectType, json: Readonly<Record<string, unknown>>): ObjectRef {
    const [id, idProperty] = [readId(json, 'objectId'), json['idProperty']];
    return typeof idProperty === 'string' ? this.find(type, id, idProperty) : { type, id };
  }

  private find(type: ObjectType, id: string, idProperty?: string | string[]): CrmObject {
    if (typeof idProperty !== 'string') return this.store.read(type, id);
    const found = this.store.findBy(type, idProperty, id);
    if (!found) throw notFound(id);
    return found;
  }

  private show(object: CrmObject): ShownObject {
    return showObject(this.store, object, { ...NO_WISHES, properties: [...object.properties.keys()] });
  }
}
