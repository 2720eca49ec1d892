import {
  Body,
  Controller,
  Delete,
  Get,
  Headers,
  HttpCode,
  Inject,
  Param,
  Patch,
  Post,
  Query,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import { SalesforceOrg } from '../org.js';
import { showRow, type Row } from '../rows/records.js';
import { notFound, refuse } from '../salesforce-error.js';
import type { SObject, Value } from '../schema/field.js';
import { readField } from '../schema/field-book.js';
import { SalesforceErrorFilter } from './error.filter.js';
import { readFields, readInput, readActor } from './read-body.js';
import { RequestGuard } from './request.guard.js';

interface Saved {
  id: string;
  success: true;
  errors: [];
}

/** One record at a time. */
@Controller('services/data/:version/sobjects/:type')
@UseGuards(RequestGuard)
@UseFilters(SalesforceErrorFilter)
export class RecordsController {
  constructor(@Inject(SalesforceOrg) private readonly org: SalesforceOrg) {}

  @Post()
  create(@Param('type') type: string, @Body() body: unknown, @Headers('sforce-call-options') options?: string): Saved {
    const id = this.org.writer.planCreate(this.org.book.readOfPath(type), readInput(body), readActor(options))();
    return { id, success: true, errors: [] };
  }

  @Get(':id')
  read(
    @Param() { version, type, id }: { version: string; type: string; id: string },
    @Query('fields') fields?: string,
  ): Record<string, Value> {
    const object = this.org.book.readOfPath(type);
    const row = this.org.records.find(object, id);
    if (!row) throw notFound('Provided external ID field does not exist or is not accessible: ' + id);
    return showRow(object, row, { version, fields: readFields(object, fields) });
  }

  @Patch(':id')
  @HttpCode(204)
  update(
    @Param() { type, id }: { type: string; id: string },
    @Body() body: unknown,
    @Headers('sforce-call-options') options?: string,
  ): void {
    const object = this.org.book.readOfPath(type);
    const change = { id, input: readInput(body), actor: readActor(options) };
    this.org.capture.runTransaction(this.org.writer.planUpdate(object, change));
  }

  @Delete(':id')
  @HttpCode(204)
  delete(@Param() { type, id }: { type: string; id: string }, @Headers('sforce-call-options') options?: string): void {
    this.org.writer.planDelete(this.org.book.readOfPath(type), id, readActor(options))();
  }

  /** By another field than the id: the first record that has the value. */
  @Get(':field/:value')
  readBy(
    @Param() { version, type, field, value }: { version: string; type: string; field: string; value: string },
  ): Record<string, Value> {
    const object = this.org.book.readOfPath(type);
    const row = this.findBy(object, field, value);
    if (!row) throw notFound();
    return showRow(object, row, { version });
  }

  /** Makes it when nobody has the value. */
  @Patch(':field/:value')
  @HttpCode(200)
  upsert(
    @Param() { type, field, value }: { type: string; field: string; value: string },
    @Body() body: unknown,
    @Headers('sforce-call-options') options?: string,
  ): Saved & { created: boolean } {
    const object = this.org.book.readOfPath(type);
    const [input, actor] = [readInput(body), readActor(options)];
    const row = this.findBy(object, field, value);
    const act = row
      ? this.org.writer.planUpdate(object, { id: row.id, input, actor })
      : this.org.writer.planCreate(object, { ...input, [field]: value }, actor);
    return { id: this.org.capture.runTransaction(act), success: true, errors: [], created: row === undefined };
  }

  private findBy(object: SObject, name: string, value: string): Row | undefined {
    const field = readField(object, name);
    const found = this.org.records.list(object, false).filter((row) => String(row.read(field)) === value);
    if (found.length > 1) throw refuse('DUPLICATE_VALUE', `Multiple records have the value ${value}`, [name]);
    return found[0];
  }
}
