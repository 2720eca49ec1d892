import { RefusedRequest } from '@crm-mesh/sdk';

/** What one batch may cost: three bad ids of a hundred are found with it. More come apart over the next attempts. */
const MAX_REQUESTS = 40;
/** When no part of a batch was taken, so many ids are tried alone before the request itself is blamed. */
const PROBES = 5;

interface Group {
  ids: readonly string[];
  /** Why the group that it is a part of was refused. */
  refusal?: RefusedRequest;
}

/**
 * Asks for all ids at once. HubSpot refuses a whole batch (400) for one id that it does not like: then halves are asked
 * for, and halves of those, until the bad ones are alone. Resolves to an error for each id that was not read.
 */
export async function askApart(
  ids: readonly string[],
  ask: (ids: readonly string[]) => Promise<void>,
): Promise<Map<string, Error>> {
  const errors = new Map<string, Error>();
  const state = { left: MAX_REQUESTS, isTaken: false };
  let groups: Group[] = [{ ids }];
  while (groups.length > 0 && groups.length <= state.left) {
    state.left -= groups.length;
    const refused = await askGroups(groups, ask);
    state.isTaken ||= refused.length < groups.length;
    for (const group of refused) if (group.ids.length === 1) errors.set(group.ids[0]!, group.refusal);
    groups = refused.flatMap((group) => splitGroup(group));
  }
  await giveUp(groups, { errors, ask, isTaken: state.isTaken });
  return errors;
}

type Refused = Required<Group>;

/** The groups that were refused. Whatever else goes wrong is thrown. */
async function askGroups(groups: readonly Group[], ask: (ids: readonly string[]) => Promise<void>): Promise<Refused[]> {
  const refusals = await Promise.all(
    groups.map(({ ids }) =>
      ask(ids).then(
        () => undefined,
        (error: unknown) => {
          if (error instanceof RefusedRequest && error.status === 400) return { ids, refusal: error };
          throw error;
        },
      ),
    ),
  );
  return refusals.filter((refused) => refused !== undefined);
}

function splitGroup({ ids, refusal }: Refused): Group[] {
  const half = Math.ceil(ids.length / 2);
  return ids.length < 2
    ? []
    : [
        { ids: ids.slice(0, half), refusal },
        { ids: ids.slice(half), refusal },
      ];
}

/** Who is bad among these is not known: they come again. Unless nothing was taken at all: then it is the request. */
async function giveUp(
  groups: readonly Group[],
  {
    errors,
    ask,
    isTaken,
  }: { errors: Map<string, Error>; ask(ids: readonly string[]): Promise<void>; isTaken: boolean },
): Promise<void> {
  const probed = isTaken ? [] : groups.slice(0, PROBES).map(({ ids }) => ({ ids: ids.slice(0, 1) }));
  const refused = await askGroups(probed, ask);
  for (const { ids, refusal } of refused) errors.set(ids[0]!, refusal);
  const read = new Set(probed.flatMap(({ ids }) => ids));
  const isRequestBad = !isTaken && refused.length === probed.length;
  for (const { ids, refusal } of groups) {
    for (const id of ids) if (!read.has(id)) errors.set(id, isRequestBad ? refusal! : describeUnknown(refusal));
  }
}

function describeUnknown(cause: RefusedRequest | undefined): Error {
  return new Error(`${cause?.message} Which object of the batch it is about could not be found out yet.`, { cause });
}
