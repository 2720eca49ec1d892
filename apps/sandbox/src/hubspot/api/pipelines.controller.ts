import { Controller, Get, Param, UseGuards } from '@nestjs/common';
import { invalid, notFound } from '../../crm/crm-error.js';
import { listPipelines, type Pipeline, type Stage } from '../../crm/pipelines.js';
import { ApiGuard } from './api.guard.js';

const TIMES = { createdAt: '2024-01-15T09:00:00.000Z', updatedAt: '2025-10-02T12:11:00.000Z' };

@Controller('crm/v3/pipelines/:type')
@UseGuards(ApiGuard)
export class PipelinesController {
  @Get()
  list(@Param('type') type: string): { results: unknown[] } {
    return { results: readPipelines(type).map(showPipeline) };
  }

  @Get(':id')
  get(@Param('type') type: string, @Param('id') id: string): unknown {
    return showPipeline(...find(readPipelines(type), id));
  }

  @Get(':id/stages')
  listStages(@Param('type') type: string, @Param('id') id: string): { results: unknown[] } {
    const [pipeline] = find(readPipelines(type), id);
    return { results: pipeline.stages.map(showStage) };
  }

  @Get(':id/stages/:stageId')
  getStage(@Param() { type, id, stageId }: Record<'type' | 'id' | 'stageId', string>): unknown {
    const [pipeline] = find(readPipelines(type), id);
    return showStage(...find(pipeline.stages, stageId));
  }
}

/** With its place among the others. */
function find<T extends { id: string }>(all: readonly T[], id: string): [found: T, place: number] {
  const place = all.findIndex((one) => one.id === id);
  const found = all[place];
  if (!found) throw notFound(id);
  return [found, place];
}

function readPipelines(type: string): readonly Pipeline[] {
  const pipelines = listPipelines(type);
  if (!pipelines) throw invalid(`Objects of the type ${type} have no pipelines`);
  return pipelines;
}

function showPipeline({ id, label, stages }: Pipeline, displayOrder: number): unknown {
  return { id, label, displayOrder, archived: false, ...TIMES, stages: stages.map(showStage) };
}

/** Metadata is text, as all values are: `"1.0"`. */
function showStage({ id, label, probability, isClosed }: Stage, displayOrder: number): unknown {
  const metadata = { isClosed: String(isClosed), probability: probability.toFixed(1) };
  return { id, label, displayOrder, metadata, archived: false, ...TIMES };
}
