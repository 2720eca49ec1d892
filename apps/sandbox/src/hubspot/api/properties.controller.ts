import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Patch, Post, Query, UseGuards } from '@nestjs/common';
import { CrmStore } from '../../crm/crm-store.js';
import { readObjectType } from '../../crm/object-types.js';
import type { PropertyDefinition, PropertyOption } from '../../crm/property-book.js';
import { isCalculated } from '../../crm/read-property.js';
import { ApiGuard } from './api.guard.js';
import { readJson, readList, type Json } from './read-request.js';

const TIMES = { createdAt: '2024-01-15T09:00:00.000Z', updatedAt: '2025-10-02T12:11:00.000Z' };

/** The portal's schema: by it tests add, retype and remove properties, as people do in HubSpot's settings. */
@Controller('crm/v3/properties/:type')
@UseGuards(ApiGuard)
export class PropertiesController {
  constructor(@Inject(CrmStore) private readonly store: CrmStore) {}

  @Get()
  list(@Param('type') type: string, @Query('archived') archived?: string): { results: unknown[] } {
    const removed = archived === 'true';
    const properties = this.store.properties.list(readObjectType(type), removed);
    return { results: properties.map((property) => showProperty(property, removed)) };
  }

  @Get(':name')
  get(@Param('type') type: string, @Param('name') name: string): unknown {
    return showProperty(this.store.properties.read(readObjectType(type), name));
  }

  @Post()
  create(@Param('type') type: string, @Body() body: unknown): unknown {
    const { name, label, type: valueType, fieldType, groupName, options } = readJson(body);
    const added = this.store.properties.add(readObjectType(type), {
      name: String(name),
      label: String(label),
      type: String(valueType),
      fieldType: String(fieldType),
      groupName: String(groupName),
      options: readOptions(options),
    });
    return showProperty(added);
  }

  @Patch(':name')
  update(@Param('type') type: string, @Param('name') name: string, @Body() body: unknown): unknown {
    return showProperty(this.store.properties.change(readObjectType(type), name, readChange(readJson(body))));
  }

  @Delete(':name')
  @HttpCode(204)
  archive(@Param('type') type: string, @Param('name') name: string): void {
    this.store.properties.remove(readObjectType(type), name);
  }
}

function readChange(json: Json): Partial<PropertyDefinition> {
  const texts = ['label', 'type', 'fieldType', 'groupName'].filter((key) => json[key] !== undefined);
  return {
    ...Object.fromEntries(texts.map((key) => [key, String(json[key])])),
    ...(json['options'] !== undefined && { options: readOptions(json['options']) }),
  };
}

function readOptions(options: unknown): PropertyOption[] {
  if (options === undefined || options === null) return [];
  return readList(options, 'options')
    .map(readJson)
    .map(({ label, value }) => ({ label: String(label), value: String(value) }));
}

function showProperty({ options, hubspotDefined, ...property }: PropertyDefinition, archived = false): unknown {
  const calculated = isCalculated(property.name);
  return {
    ...property,
    ...TIMES,
    description: '',
    options: options.map((option, displayOrder) => ({ ...option, description: '', displayOrder, hidden: false })),
    displayOrder: -1,
    calculated,
    externalOptions: false,
    archived,
    hasUniqueValue: false,
    hidden: false,
    hubspotDefined,
    formField: false,
    modificationMetadata: {
      archivable: !hubspotDefined,
      readOnlyDefinition: hubspotDefined,
      readOnlyOptions: false,
      readOnlyValue: calculated,
    },
  };
}
