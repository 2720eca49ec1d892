import { CrmError } from '../../crm/crm-error.js';
import type { Actor, CrmChange } from '../../crm/crm-change.js';
import type { CrmObject } from '../../crm/crm-object.js';
import type { CrmStore, WishedLink } from '../../crm/crm-store.js';
import type { ObjectType } from '../../crm/object-types.js';
import { notFound, PipedriveError, refuse } from '../pipedrive-error.js';
import { fromLeadId, toLeadId } from './ids.js';
import { showLine, showRecord, type Row } from './show-record.js';
import { readProperties, type Json } from './write-record.js';

/** What the API's paths call the core's types. */
export const TYPE_BY_PATH: Readonly<Record<string, ObjectType>> = {
  persons: 'contacts',
  organizations: 'companies',
  deals: 'deals',
  products: 'products',
  leads: 'leads',
};

export interface BookOptions {
  store: CrmStore;
  actor: Actor;
  skewMs(): number;
  /** What one request did, when it is done. */
  announce(changes: readonly CrmChange[]): void;
}

/** The records as Pipedrive has them. All that one request changes is told at once. */
export class RecordBook {
  private gathered: CrmChange[] | undefined;

  constructor(private readonly options: BookOptions) {}

  tell(changes: readonly CrmChange[]): void {
    if (this.gathered) this.gathered.push(...changes);
    else this.options.announce(changes);
  }

  typeOf(path: string): ObjectType {
    const type = TYPE_BY_PATH[path];
    if (type === undefined) throw new PipedriveError(404, 'Unknown resource');
    return type;
  }

  /** Deleted ones only, or the others. */
  list(type: ObjectType, deleted = false): Row[] {
    return this.options.store.list(type, deleted).map((object) => this.show(object));
  }

  find(type: ObjectType, id: string): CrmObject | undefined {
    const own = type === 'leads' ? fromLeadId(id) : id;
    if (own === undefined) return undefined;
    // Leads that are deleted are gone; the others are shown for 30 days.
    return (
      this.options.store.find(type, own) ?? (type === 'leads' ? undefined : this.options.store.find(type, own, true))
    );
  }

  read(type: ObjectType, id: string): CrmObject {
    const object = this.find(type, id);
    if (!object) throw notFound(type);
    return object;
  }

  show(object: CrmObject): Row {
    return showRecord(object, { store: this.options.store, skewMs: this.options.skewMs() });
  }

  create(type: ObjectType, body: Json): Row {
    const links = this.readLinks(body).map((to): WishedLink => ({ to, typeIds: [] }));
    return this.gather(() => {
      const { store, actor } = this.options;
      return this.show(store.create(type, readProperties(type, body), { actor, links }));
    });
  }

  update(type: ObjectType, id: string, body: Json): Row {
    const object = this.read(type, id);
    if (object.archivedAtMs !== undefined) throw notFound(type);
    return this.gather(() => {
      const { store, actor } = this.options;
      store.update(object, readProperties(type, body, object), actor);
      for (const to of this.readLinks(body)) this.relink(object, to);
      return this.show(object);
    });
  }

  remove(type: ObjectType, id: string): { id: string | number } {
    const object = this.read(type, id);
    this.gather(() => this.options.store.archive(object, this.options.actor));
    return { id: type === 'leads' ? toLeadId(object.id) : Number(object.id) };
  }

  /** The one in the path is swallowed by the other. */
  merge(type: ObjectType, loserId: string, winnerId: string): Row {
    return this.gather(() => {
      const { store, actor } = this.options;
      return this.show(store.merge(type, { primaryId: winnerId, mergedId: loserId }, { newId: false, actor }));
    });
  }

  listLines(dealId: string): Row[] {
    const deal = this.find('deals', dealId);
    if (!deal) return [];
    const lines = this.options.store
      .listLinks(deal, 'line_items')
      .map(({ id }) => this.options.store.find('line_items', id));
    return lines.flatMap((line) => (line ? [showLine(line, deal)] : []));
  }

  /** The deal's value follows its products. */
  addLine(dealId: string, body: Json): Row {
    const deal = this.read('deals', dealId);
    return this.gather(() => {
      const { store, actor } = this.options;
      const product = store.read('products', String(body['product_id']));
      const properties = {
        name: product.properties.get('name'),
        hs_product_id: product.id,
        price: body['item_price'],
        quantity: body['quantity'],
      };
      const links = [{ to: { type: 'deals' as const, id: deal.id }, typeIds: [] }];
      const line = store.create('line_items', properties, { actor, links });
      const sum = this.listLines(dealId).reduce((total, row) => total + Number(row['sum']), 0);
      store.update(deal, { amount: sum.toFixed(2) }, actor);
      return showLine(line, deal);
    });
  }

  private gather<T>(act: () => T): T {
    this.gathered = [];
    try {
      return act();
    } catch (error) {
      throw error instanceof CrmError ? new PipedriveError(error.status, error.message) : error;
    } finally {
      const changes = this.gathered;
      this.gathered = undefined;
      this.options.announce(changes);
    }
  }

  private readLinks(body: Json): { type: ObjectType; id: string }[] {
    const { person_id: personId, org_id: orgId = body['organization_id'] } = body;
    const wished = { contacts: personId, companies: orgId };
    return Object.entries(wished).flatMap(([type, id]) => {
      if (id === undefined || id === null) return [];
      if (!this.options.store.find(type as ObjectType, String(id)))
        throw refuse(`${type} ${String(id)} does not exist`);
      return [{ type: type as ObjectType, id: String(id) }];
    });
  }

  private relink(object: CrmObject, to: { type: ObjectType; id: string }): void {
    const { store, actor } = this.options;
    const old = store.listLinks(object, to.type).filter(({ id }) => id !== to.id);
    for (const { id } of old) store.dissociate(object, { type: to.type, id }, actor);
    store.associate(object, { to, typeIds: [] }, actor);
  }
}
