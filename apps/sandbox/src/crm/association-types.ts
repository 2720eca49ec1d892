import type { ObjectType } from './object-types.js';

export interface AssociationType {
  typeId: number;
  label: string | null;
}

/** What links of one direction can be. */
export interface LinkFacts {
  from: ObjectType;
  to: ObjectType;
  plain: AssociationType;
  /** The one of several that counts: of a deal its company, of a contact its company. */
  primary?: AssociationType;
  /** Whether `from` has at most one primary `to`; the other direction mirrors it. */
  choosesPrimary: boolean;
}

interface Pair {
  from: ObjectType;
  to: ObjectType;
  plain: readonly [there: number, back: number];
  primary?: readonly [there: number, back: number];
}

const PAIRS: readonly Pair[] = [
  { from: 'contacts', to: 'companies', plain: [279, 280], primary: [1, 2] },
  { from: 'deals', to: 'companies', plain: [341, 342], primary: [5, 6] },
  { from: 'deals', to: 'contacts', plain: [3, 4] },
  { from: 'deals', to: 'line_items', plain: [19, 20] },
  { from: 'leads', to: 'contacts', plain: [608, 609], primary: [578, 579] },
  { from: 'leads', to: 'companies', plain: [610, 611] },
];

function describeLink({ from, to, plain, primary }: Pair, direction: 0 | 1): LinkFacts {
  const ends = direction === 0 ? { from, to } : { from: to, to: from };
  return {
    ...ends,
    plain: { typeId: plain[direction], label: null },
    ...(primary && { primary: { typeId: primary[direction], label: 'Primary' } }),
    choosesPrimary: primary !== undefined && direction === 0,
  };
}

const LINKS = PAIRS.flatMap((pair) => [describeLink(pair, 0), describeLink(pair, 1)]);

/** Undefined: the two types cannot be linked. */
export function findLinkFacts(from: ObjectType, to: ObjectType): LinkFacts | undefined {
  return LINKS.find((link) => link.from === from && link.to === to);
}

export function isTypeOf(facts: LinkFacts, typeId: number): boolean {
  return facts.plain.typeId === typeId || facts.primary?.typeId === typeId;
}

/** An association type's id says both ends. */
export function findLinkFactsById(from: ObjectType, typeId: number): LinkFacts | undefined {
  return LINKS.find((link) => link.from === from && isTypeOf(link, typeId));
}
