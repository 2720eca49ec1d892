import {
  Body,
  Controller,
  Delete,
  Get,
  Inject,
  Param,
  Patch,
  Post,
  Put,
  Query,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import { OWNERS } from '../../crm/owners.js';
import { PipedriveCompany } from '../company.js';
import type { Row } from '../records/show-record.js';
import type { Json } from '../records/write-record.js';
import { showRegistered, type Registered } from '../webhooks/registrations.js';
import { readLimit, type Query as QueryParams } from './list-query.js';
import { PipedriveErrorFilter } from './pipedrive-error.filter.js';
import { PipedriveGuard } from './pipedrive.guard.js';

interface Answer {
  success: true;
  data: unknown;
  additional_data?: unknown;
}

const ok = (data: unknown): Answer => ({ success: true, data });

/** What is still at version 1: webhooks, leads, users, and merging. */
@Controller(['api/v1', 'v1'])
@UseGuards(PipedriveGuard)
@UseFilters(PipedriveErrorFilter)
export class PipedriveVersion1Controller {
  constructor(@Inject(PipedriveCompany) private readonly company: PipedriveCompany) {}

  @Get('webhooks')
  listWebhooks(): Answer {
    return ok(this.company.registrations.list().map((registered) => this.showRegistered(registered)));
  }

  @Post('webhooks')
  register(@Body() body: Json): Answer {
    return ok(this.showRegistered(this.company.registrations.addFromBody(body)));
  }

  @Delete('webhooks/:id')
  unregister(@Param('id') id: string): Answer {
    this.company.registrations.remove(Number(id));
    return { success: true, data: undefined };
  }

  @Get('users')
  listUsers(): Answer {
    const users = OWNERS.map(({ userId, firstName, lastName, email }) => ({
      id: userId,
      name: `${firstName} ${lastName}`,
      email,
      active_flag: true,
    }));
    return ok(users);
  }

  @Get('leads')
  listLeads(@Query() query: QueryParams): Answer {
    return this.answerLeads(query, false);
  }

  @Get('leads/archived')
  listArchivedLeads(@Query() query: QueryParams): Answer {
    return this.answerLeads(query, true);
  }

  @Get('leads/:id')
  readLead(@Param('id') id: string): Answer {
    const { book } = this.company;
    return ok(book.show(book.read('leads', id)));
  }

  @Post('leads')
  createLead(@Body() body: Json): Answer {
    return ok(this.company.book.create('leads', body));
  }

  @Patch('leads/:id')
  updateLead(@Param('id') id: string, @Body() body: Json): Answer {
    return ok(this.company.book.update('leads', id, body));
  }

  @Delete('leads/:id')
  removeLead(@Param('id') id: string): Answer {
    return ok(this.company.book.remove('leads', id));
  }

  @Put(':path/:id/merge')
  merge(@Param('path') path: string, @Param('id') id: string, @Body() body: Json): Answer {
    return ok(this.company.book.merge(this.company.book.typeOf(path), id, String(body['merge_with_id'])));
  }

  /** Version 1 pages by how many were shown. */
  private answerLeads(query: QueryParams, archived: boolean): Answer {
    const [limit, start] = [readLimit(query['limit']), Number(query['start'] ?? 0)];
    const since = Date.parse(String(query['updated_since'] ?? ''));
    const rows = this.company.book
      .list('leads')
      .filter((row: Row) => row['is_archived'] === archived)
      .filter((row) => Number.isNaN(since) || Date.parse(String(row['update_time'])) >= since);
    const more = start + limit < rows.length;
    const pagination = { start, limit, more_items_in_collection: more, ...(more && { next_start: start + limit }) };
    return { success: true, data: rows.slice(start, start + limit), additional_data: { pagination } };
  }

  private showRegistered(registered: Registered): Row {
    const { companyId, userId } = this.company.settings;
    return showRegistered(registered, { companyId, userId });
  }
}
