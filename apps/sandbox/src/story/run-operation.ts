import type { ObjectRef } from '../crm/crm-change.js';
import type { CrmStore } from '../crm/crm-store.js';
import { UI_ACTOR } from '../crm/owners.js';
import type { CrmOperation, RecordName } from './operation.js';

/** Which record a story's name stands for. */
export class NameBook {
  private readonly refs = new Map<RecordName, ObjectRef>();

  keep(name: RecordName, { type, id }: ObjectRef): void {
    this.refs.set(name, { type, id });
  }

  read(name: RecordName): ObjectRef {
    const ref = this.refs.get(name);
    if (!ref) throw new Error(`The story names the record ${name} before it is there.`);
    return ref;
  }
}

/** Does it as somebody who works in the CRM's own pages. */
export function runOperation(store: CrmStore, names: NameBook, operation: CrmOperation): void {
  const actor = UI_ACTOR;
  switch (operation.do) {
    case 'create': {
      const links = operation.links.map((name) => ({ to: names.read(name), typeIds: [] }));
      names.keep(operation.name, store.create(operation.type, operation.properties, { actor, links }));
      return;
    }
    case 'update':
      store.update(names.read(operation.name), operation.properties, actor);
      return;
    case 'associate':
      store.associate(names.read(operation.from), { to: names.read(operation.to), typeIds: [] }, actor);
      return;
    case 'archive':
    case 'restore':
    case 'erase':
      store[operation.do](names.read(operation.name), actor);
      return;
    case 'merge': {
      const [primary, merged] = [names.read(operation.primary), names.read(operation.merged)];
      const remaining = store.merge(
        primary.type,
        { primaryId: primary.id, mergedId: merged.id },
        { newId: false, actor },
      );
      names.keep(operation.primary, remaining);
    }
  }
}
