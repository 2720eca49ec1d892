import { Controller, Get, Param, UseGuards } from '@nestjs/common';
import { notFound } from '../../crm/crm-error.js';
import { OWNERS } from '../../crm/owners.js';
import { ApiGuard } from './api.guard.js';

const TIMES = { createdAt: '2024-01-15T09:00:00.000Z', updatedAt: '2025-10-02T12:11:00.000Z' };

@Controller('crm/v3/owners')
@UseGuards(ApiGuard)
export class OwnersController {
  @Get()
  list(): { results: unknown[] } {
    return { results: OWNERS.map((owner) => ({ ...owner, type: 'PERSON', archived: false, ...TIMES })) };
  }

  @Get(':id')
  get(@Param('id') id: string): unknown {
    const owner = OWNERS.find((candidate) => candidate.id === id);
    if (!owner) throw notFound(id);
    return { ...owner, type: 'PERSON', archived: false, ...TIMES };
  }
}
