import {
  Body,
  Controller,
  Delete,
  Get,
  Inject,
  Param,
  Patch,
  Post,
  Query,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import { PipedriveCompany } from '../company.js';
import { PipedriveError, refuse } from '../pipedrive-error.js';
import { listFields } from '../records/fields.js';
import { toTime } from '../records/ids.js';
import type { Row } from '../records/show-record.js';
import { OPEN_STAGES, PIPELINES } from '../records/stages.js';
import type { Json } from '../records/write-record.js';
import { readPage, type Page, type Query as QueryParams } from './list-query.js';
import { PipedriveErrorFilter } from './pipedrive-error.filter.js';
import { PipedriveGuard } from './pipedrive.guard.js';

interface One {
  success: true;
  data: Row;
}

const MADE_AT = toTime(1_767_225_600_000);

/** Version 2 of the API. */
@Controller('api/v2')
@UseGuards(PipedriveGuard)
@UseFilters(PipedriveErrorFilter)
export class PipedriveRecordsController {
  constructor(@Inject(PipedriveCompany) private readonly company: PipedriveCompany) {}

  @Get('pipelines')
  listPipelines(@Query() query: QueryParams): Page {
    const rows = PIPELINES.map(({ id, name }) => ({
      id,
      name,
      order_nr: id,
      is_deleted: false,
      is_deal_probability_enabled: true,
      add_time: MADE_AT,
      update_time: MADE_AT,
    }));
    return readPage(rows, query);
  }

  @Get('stages')
  listStages(@Query() query: QueryParams): Page {
    const rows = OPEN_STAGES.map(({ id, name, pipelineId, percent }) => ({
      id,
      name,
      pipeline_id: pipelineId,
      order_nr: id,
      deal_probability: percent,
      is_deleted: false,
      add_time: MADE_AT,
      update_time: MADE_AT,
    }));
    return readPage(rows, query);
  }

  @Get(':fields(^\\w+Fields$)')
  listFields(@Param('fields') name: string): Page {
    const data = listFields(name);
    if (!data) throw new PipedriveError(404, 'Unknown resource');
    return { success: true, data, additional_data: { next_cursor: null } };
  }

  @Get('deals/archived')
  listArchived(@Query() query: QueryParams): Page {
    return readPage(
      this.company.book.list('deals').filter((row) => row['is_archived'] === true),
      query,
    );
  }

  @Get('deals/products')
  listLinesOfDeals(@Query() query: QueryParams): Page {
    const ids = [query['deal_ids'] ?? []].flat().flatMap((part) => part.split(','));
    if (ids.length === 0 || ids.length > 100) throw refuse('deal_ids must be from 1 to 100');
    return readPage(
      ids.flatMap((id) => this.company.book.listLines(id)),
      query,
    );
  }

  @Get('deals/:id/products')
  listLines(@Param('id') id: string, @Query() query: QueryParams): Page {
    return readPage(this.company.book.listLines(this.company.book.read('deals', id).id), query);
  }

  @Post('deals/:id/products')
  addLine(@Param('id') id: string, @Body() body: Json): One {
    return { success: true, data: this.company.book.addLine(id, body) };
  }

  @Get(':path')
  list(@Param('path') path: string, @Query() query: QueryParams): Page {
    const type = this.company.book.typeOf(path);
    const status = query['status'];
    const rows = this.company.book.list(type, status === 'deleted').filter((row) => row['is_archived'] !== true);
    return readPage(
      status === undefined ? rows : rows.filter((row) => String(status).split(',').includes(String(row['status']))),
      query,
    );
  }

  @Get(':path/:id')
  read(@Param('path') path: string, @Param('id') id: string): One {
    const { book } = this.company;
    return { success: true, data: book.show(book.read(book.typeOf(path), id)) };
  }

  @Post(':path')
  create(@Param('path') path: string, @Body() body: Json): One {
    return { success: true, data: this.company.book.create(this.company.book.typeOf(path), body) };
  }

  @Patch(':path/:id')
  update(@Param('path') path: string, @Param('id') id: string, @Body() body: Json): One {
    return { success: true, data: this.company.book.update(this.company.book.typeOf(path), id, body) };
  }

  @Delete(':path/:id')
  remove(@Param('path') path: string, @Param('id') id: string): One {
    return { success: true, data: this.company.book.remove(this.company.book.typeOf(path), id) };
  }
}
