import type { Link } from '../../crm/association-book.js';
import { findLinkFacts, type LinkFacts } from '../../crm/association-types.js';
import type { ObjectRef } from '../../crm/crm-change.js';
import { invalid } from '../../crm/crm-error.js';
import type { CrmStore } from '../../crm/crm-store.js';
import { readObjectType, TYPE_FACTS, type ObjectType } from '../../crm/object-types.js';
import type { BatchError } from './batch-result.js';

/** Links of one record in one answer. */
export const LONGEST_PAGE = 500;
export const CATEGORY = 'HUBSPOT_DEFINED';

interface ShownLink {
  toObjectId: string;
  associationTypes: { category: string; typeId: number; label: string | null }[];
}

export interface LinkPage {
  to: ShownLink[];
  paging?: { next: { after: string; link: string } };
}

export function readPage(
  store: CrmStore,
  from: ObjectRef,
  { toType, after, limit }: { toType: string; after?: string | string[]; limit: number },
): LinkPage {
  const links = store.listLinks(from, readObjectType(toType));
  const start = Number(after || 0);
  if (!Number.isInteger(start)) throw invalid('after is not what an earlier page gave');
  const end = start + limit;
  const next = { after: String(end), link: `?after=${end}` };
  return { to: links.slice(start, end).map(showLink), ...(end < links.length && { paging: { next } }) };
}

function showLink({ id, types }: Link): ShownLink {
  return { toObjectId: id, associationTypes: types.map((type) => ({ category: CATEGORY, ...type })) };
}

export function findFacts(from: ObjectType, to: ObjectType): LinkFacts {
  const facts = findLinkFacts(from, to);
  if (!facts) throw invalid(`No association type exists from ${from} to ${to}`);
  return facts;
}

/** What a new link is answered with. */
export function describePair(from: ObjectRef, to: ObjectRef, typeIds: readonly number[]): Record<string, unknown> {
  const { primary } = findFacts(from.type, to.type);
  return {
    fromObjectTypeId: TYPE_FACTS[from.type].typeId,
    fromObjectId: from.id,
    toObjectTypeId: TYPE_FACTS[to.type].typeId,
    toObjectId: to.id,
    labels: primary && typeIds.includes(primary.typeId) ? ['Primary'] : [],
  };
}

export function describeDefault(from: ObjectRef, to: ObjectRef): Record<string, unknown> {
  const associationTypeId = findFacts(from.type, to.type).plain.typeId;
  return {
    from: { id: from.id },
    to: { id: to.id },
    associationSpec: { associationCategory: CATEGORY, associationTypeId },
  };
}

/** A record without links is an error of the batch, as in HubSpot. */
export function describeUnlinked({ type, id }: ObjectRef, toType: string): BatchError {
  return {
    status: 'error',
    category: 'OBJECT_NOT_FOUND',
    subCategory: 'crm.associations.NO_ASSOCIATIONS_FOUND',
    message: `No ${toType} is associated with ${type} ${id}.`,
    context: { fromObjectId: [id], fromObjectType: [type], toObjectType: [toType] },
  };
}
