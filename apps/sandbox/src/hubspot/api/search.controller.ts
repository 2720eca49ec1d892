import { Body, Controller, HttpCode, Inject, Param, Post, UseGuards } from '@nestjs/common';
import { CrmStore } from '../../crm/crm-store.js';
import { readObjectType } from '../../crm/object-types.js';
import { searchObjects } from '../../crm/search.js';
import { readSearchRequest } from '../../crm/search-request.js';
import { ApiGuard } from './api.guard.js';
import { ApiOptions } from './api-options.js';
import { NO_WISHES, showObject, type ShownObject } from './show-object.js';

interface SearchResult {
  total: number;
  results: ShownObject[];
  paging?: { next: { after: string; link: string } };
}

@Controller('crm/v3/objects/:type/search')
@UseGuards(ApiGuard)
export class SearchController {
  constructor(
    @Inject(CrmStore) private readonly store: CrmStore,
    @Inject(ApiOptions) private readonly options: ApiOptions,
  ) {}

  @Post()
  @HttpCode(200)
  search(@Param('type') typeName: string, @Body() body: unknown): SearchResult {
    const type = readObjectType(typeName);
    const request = readSearchRequest(body);
    const indexedUntilMs = this.options.now() - this.options.searchLagMs();
    const { total, results, after } = searchObjects(this.store.list(type), request, indexedUntilMs);
    return {
      total,
      results: results.map((object) =>
        showObject(this.store, object, { ...NO_WISHES, properties: request.properties }),
      ),
      ...(after !== undefined && { paging: { next: { after, link: `?after=${after}` } } }),
    };
  }
}
