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
import { showRow } from '../rows/records.js';
import type { Input } from '../rows/write-row.js';
import { refuse } from '../salesforce-error.js';
import type { SObject, Value } from '../schema/field.js';
import { readField } from '../schema/field-book.js';
import { SalesforceErrorFilter, toSalesforceError } from './error.filter.js';
import { readActor, readInput, readTexts } from './read-body.js';
import { RequestGuard } from './request.guard.js';

const MOST_READ = 2_000;
/** What a URL has room for. */
const MOST_READ_BY_URL = 800;
const MOST_WRITTEN = 200;

interface Result {
  id?: string;
  success: boolean;
  errors: { statusCode: string; message: string; fields: readonly string[] }[];
}

/** Many records at once; written ones are one transaction. */
@Controller('services/data/:version/composite/sobjects')
@UseGuards(RequestGuard)
@UseFilters(SalesforceErrorFilter)
export class CompositeController {
  constructor(@Inject(SalesforceOrg) private readonly org: SalesforceOrg) {}

  @Get(':type')
  read(
    @Param() at: { version: string; type: string },
    @Query() query: { ids?: string; fields?: string },
  ): (Record<string, Value> | null)[] {
    const split = (text = ''): string[] => text.split(',').filter((part) => part !== '');
    return this.show(at, { ids: split(query.ids), fields: split(query.fields), most: MOST_READ_BY_URL });
  }

  @Post(':type')
  @HttpCode(200)
  readByBody(@Param() at: { version: string; type: string }, @Body() body: unknown): (Record<string, Value> | null)[] {
    const { ids, fields } = readInput(body);
    return this.show(at, { ids: readTexts(ids, 'ids'), fields: readTexts(fields, 'fields'), most: MOST_READ });
  }

  @Post()
  @HttpCode(200)
  create(@Body() body: unknown, @Headers('sforce-call-options') options?: string): Result[] {
    const actor = readActor(options);
    return this.write(readInput(body), (object, input) => this.org.writer.planCreate(object, input, actor));
  }

  @Patch()
  update(@Body() body: unknown, @Headers('sforce-call-options') options?: string): Result[] {
    const actor = readActor(options);
    return this.write(readInput(body), (object, input) => {
      const id = String(input['id'] ?? input['Id'] ?? '');
      return this.org.writer.planUpdate(object, { id, input, actor });
    });
  }

  @Delete()
  delete(
    @Query() { ids = '', allOrNone }: { ids?: string; allOrNone?: string },
    @Headers('sforce-call-options') options?: string,
  ): Result[] {
    const actor = readActor(options);
    const records = ids.split(',').map((id) => ({ id, attributes: { type: this.org.writer.nameObjectOf(id) } }));
    return this.write({ records, allOrNone: allOrNone === 'true' }, (object, { id }) =>
      this.org.writer.planDelete(object, String(id), actor),
    );
  }

  /** What cannot be read is null in its place. */
  private show(
    { version, type }: { version: string; type: string },
    { ids, fields: names, most }: { ids: string[]; fields: string[]; most: number },
  ): (Record<string, Value> | null)[] {
    if (ids.length > most) throw refuse('TOO_MANY_RECORDS', `At most ${most} ids may be given`);
    const object = this.org.book.readOfPath(type);
    const fields = [
      readField(object, 'Id'),
      ...names.filter((name) => name !== 'Id').map((name) => readField(object, name)),
    ];
    return ids.map((id) => {
      const row = this.org.records.find(object, id);
      return row ? showRow(object, row, { version, fields }) : null;
    });
  }

  private write({ records, allOrNone }: Input, plan: Plan): Result[] {
    if (!Array.isArray(records)) throw refuse('JSON_PARSER_ERROR', 'records must be a list');
    if (records.length > MOST_WRITTEN)
      throw refuse('EXCEEDED_MAX_SOBJECTS', `The limit of ${MOST_WRITTEN} records is exceeded`);
    const inputs = (records as unknown[]).map(readInput);
    const apply = allOrNone === true ? this.writeAll.bind(this) : this.writeEach.bind(this);
    return this.org.capture.runTransaction(() => apply(inputs, plan));
  }

  private writeEach(inputs: readonly Input[], plan: Plan): Result[] {
    return inputs.map((input) => attempt(() => this.plan(input, plan)()));
  }

  /** Nothing is written when one of them cannot be. */
  private writeAll(inputs: readonly Input[], plan: Plan): Result[] {
    const plans: (() => string)[] = [];
    const checked = inputs.map((input) => attempt(() => (plans.push(this.plan(input, plan)), '')));
    if (checked.every(({ success }) => success)) return plans.map((act) => attempt(act));
    const undone = refuse('ALL_OR_NONE_OPERATION_ROLLED_BACK', 'Record rolled back because not all records were valid');
    return checked.map((result) => (result.success ? toFailure(undone) : result));
  }

  private plan(input: Input, plan: Plan): () => string {
    const { type } = readInput(input['attributes']);
    return plan(this.org.book.readOfPath(String(type)), input);
  }
}

/** Checks what it can, and returns what writes it and gives the id. */
type Plan = (object: SObject, input: Input) => () => string;

function attempt(act: () => string): Result {
  try {
    return { id: act(), success: true, errors: [] };
  } catch (error) {
    return toFailure(error);
  }
}

function toFailure(error: unknown): Result {
  const { errorCode, message, fields = [] } = toSalesforceError(error);
  return { success: false, errors: [{ statusCode: errorCode, message, fields }] };
}
