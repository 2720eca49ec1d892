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
import type { Row } from '../records/show-record.js';
import type { Json } from '../records/write-record.js';
import { readPage, type Page, type Query as QueryParams } from './list-query.js';
import { PipedriveErrorFilter } from './pipedrive-error.filter.js';
import { PipedriveGuard } from './pipedrive.guard.js';

const ok = (data: Row): { success: true; data: Row } => ({ success: true, data });

@Controller('api/v2/activities')
@UseGuards(PipedriveGuard)
@UseFilters(PipedriveErrorFilter)
export class PipedriveActivitiesController {
  constructor(@Inject(PipedriveCompany) private readonly company: PipedriveCompany) {}

  @Get()
  list(@Query() query: QueryParams): Page {
    return readPage(this.company.activities.list(), query);
  }

  @Get(':id')
  read(@Param('id') id: string): { success: true; data: Row } {
    return ok(this.company.activities.read(id));
  }

  @Post()
  create(@Body() body: Json): { success: true; data: Row } {
    return ok(this.company.activities.create(body));
  }

  @Patch(':id')
  update(@Param('id') id: string, @Body() body: Json): { success: true; data: Row } {
    return ok(this.company.activities.update(id, body));
  }

  @Delete(':id')
  remove(@Param('id') id: string): { success: true; data: Row } {
    return ok(this.company.activities.remove(id));
  }
}
