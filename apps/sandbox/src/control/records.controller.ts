import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Patch, Post, Query } from '@nestjs/common';
import { invalid } from '../crm/crm-error.js';
import type { CrmObject } from '../crm/crm-object.js';
import { readObjectType, TYPE_FACTS, type ObjectType } from '../crm/object-types.js';
import { UI_ACTOR } from '../crm/owners.js';
import { DEAL_PIPELINES } from '../crm/pipelines.js';
import { Sandbox } from '../sandbox.js';
import { checkAs, MergeWish, RecordsQuery, RecordWish } from './control-requests.js';
import { RecordInventor } from './record-inventor.js';

export interface ShownRecord {
  id: string;
  state: 'live' | 'archived';
  /** What people call it. */
  name: string;
  updatedAt: string;
  properties: Record<string, string>;
}

interface Address {
  type: string;
  id: string;
}

const NAMES = ['dealname', 'name', 'hs_lead_name', 'email'];

/** What people do in HubSpot's own pages, as buttons of the sandbox's page do it. Without a token. */
@Controller('sandbox/objects/:type')
export class RecordsController {
  private readonly inventor = new RecordInventor();

  constructor(@Inject(Sandbox) private readonly sandbox: Sandbox) {}

  /** The latest first, archived ones among them. */
  @Get()
  list(@Param('type') typeName: string, @Query(checkAs(RecordsQuery)) { limit }: RecordsQuery): ShownRecord[] {
    const { store } = this.sandbox;
    const type = readObjectType(typeName);
    const records = [...store.list(type), ...store.list(type, true)];
    return records
      .toSorted((a, b) => b.updatedAtMs - a.updatedAtMs || Number(b.id) - Number(a.id))
      .slice(0, limit)
      .map(showRecord);
  }

  /** Invented, unless the body says otherwise. */
  @Post()
  create(@Param('type') typeName: string, @Body(checkAs(RecordWish)) { properties }: RecordWish): ShownRecord {
    const type = readObjectType(typeName);
    return showRecord(this.sandbox.store.create(type, properties ?? this.inventor.create(type), { actor: UI_ACTOR }));
  }

  @Patch(':id')
  update(@Param() address: Address, @Body(checkAs(RecordWish)) { properties }: RecordWish): ShownRecord {
    const ref = readRef(address);
    return showRecord(this.sandbox.store.update(ref, properties ?? this.inventor.change(ref.type), UI_ACTOR));
  }

  /** Into the stage of its pipeline that means so. */
  @Post(':id/:outcome(win|lose)')
  @HttpCode(200)
  close(@Param() address: Address & { outcome: 'win' | 'lose' }): ShownRecord {
    const { store } = this.sandbox;
    const ref = readRef(address);
    if (ref.type !== 'deals') throw invalid('Only deals are won and lost');
    const pipelineId = store.read(ref.type, ref.id).properties.get('pipeline');
    const { stages } = DEAL_PIPELINES.find(({ id }) => id === pipelineId) ?? DEAL_PIPELINES[0]!;
    const wanted = address.outcome === 'win' ? 1 : 0;
    const stage = stages.find(({ isClosed, probability }) => isClosed && probability === wanted);
    return showRecord(store.update(ref, { dealstage: stage?.id }, UI_ACTOR));
  }

  @Delete(':id')
  @HttpCode(204)
  archive(@Param() address: Address): void {
    this.sandbox.store.archive(readRef(address), UI_ACTOR);
  }

  /** Only people can do that. */
  @Post(':id/restore')
  @HttpCode(204)
  restore(@Param() address: Address): void {
    this.sandbox.store.restore(readRef(address), UI_ACTOR);
  }

  /** For good, with the order to erase stored copies. */
  @Post(':id/erase')
  @HttpCode(204)
  erase(@Param() address: Address): void {
    const ref = readRef(address);
    if (ref.type !== 'contacts') throw invalid('Only contacts can be deleted for good');
    this.sandbox.store.erase(ref, UI_ACTOR);
  }

  @Post(':id/merge')
  @HttpCode(200)
  merge(@Param() address: Address, @Body(checkAs(MergeWish)) { mergedId }: MergeWish): ShownRecord {
    const { store, api } = this.sandbox;
    const { type, id: primaryId } = readRef(address);
    const newId = api.mergeMakesNewId.includes(type);
    return showRecord(store.merge(type, { primaryId, mergedId }, { newId, actor: UI_ACTOR }));
  }
}

function readRef({ type, id }: Address): { type: ObjectType; id: string } {
  return { type: readObjectType(type), id };
}

function showRecord({ type, id, properties, updatedAtMs, archivedAtMs }: CrmObject): ShownRecord {
  const name = NAMES.map((property) => properties.get(property)).find((value) => value !== undefined);
  return {
    id,
    state: archivedAtMs === undefined ? 'live' : 'archived',
    name: name ?? `${TYPE_FACTS[type].associationName.toLowerCase()} ${id}`,
    updatedAt: new Date(updatedAtMs).toISOString(),
    properties: Object.fromEntries(properties),
  };
}
