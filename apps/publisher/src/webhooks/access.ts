import { parseNetwork, type AccessConfig } from '@crm-mesh/config';
import type { Verification } from '@crm-mesh/sdk';
import { equalsInConstantTime, readBasic, refuseRequest } from '@crm-mesh/sdk/kit';
import { BlockList, isIPv6 } from 'node:net';

/** What a request shows besides its signature. */
export interface Shown {
  /** The last segment of the path. */
  secret?: string | undefined;
  authorization?: string | undefined;
  /** The sender's. */
  address: string;
}

/** Looks at a request before anything is made of its body. */
export type Access = (shown: Shown) => Verification;

/** The first that fails is told to the operator; what is configured must all be shown. */
export function createAccess({ secretPath, basic, allow }: AccessConfig): Access {
  const networks = allow && createList(allow);
  const password = basic && `${basic.user}:${basic.password}`;
  const scheme = [secretPath && 'secret-path', basic && 'basic'].filter(Boolean).join('+') || 'nothing';
  return ({ secret, authorization, address }) => {
    if (networks && !networks.check(address, isIPv6(address) ? 'ipv6' : 'ipv4'))
      return refuseRequest('origin-not-allowed', `The address ${address} is not in \`access.allow\`.`);
    const refused =
      (secretPath === undefined ? undefined : compare(secret, secretPath, 'The secret segment of the path')) ??
      (password === undefined ? undefined : compare(joinBasic(authorization), password, 'Basic authentication'));
    return refused ?? { ok: true, scheme };
  };
}

function createList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const text of networks) {
    const { address, prefix, family } = parseNetwork(text)!;
    list.addSubnet(address, prefix, family);
  }
  return list;
}

function compare(shown: string | undefined, expected: string, what: string): Verification | undefined {
  if (shown === undefined) return refuseRequest('credentials-missing', `${what} is missing.`);
  return equalsInConstantTime(shown, expected) ? undefined : refuseRequest('credentials-mismatch', `${what} is wrong.`);
}

function joinBasic(authorization: string | undefined): string | undefined {
  const shown = readBasic(authorization);
  return shown && `${shown.user}:${shown.password}`;
}
