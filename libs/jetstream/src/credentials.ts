import { readFileSync } from 'node:fs';
import { MeshError } from '@crm-mesh/contract';
import { credsAuthenticator, type Authenticator } from '@nats-io/transport-node';

/**
 * Read at each connect, so that rotated credentials count. A file that is unreadable or half written by then must not
 * throw inside the client, which would close the connection for good: the last good ones serve.
 */
export function readCredsAtConnect(path: string): Authenticator {
  let last = readCreds(path);
  return (nonce) => {
    try {
      last = readCreds(path);
    } catch {
      // Until the file is whole again.
    }
    return last(nonce);
  };
}

function readCreds(path: string): Authenticator {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw new MeshError('MESH_NATS_CONTEXT_INVALID', `The NATS credentials file ${path} cannot be read.`, { cause });
  }
  return checkAuthenticator(credsAuthenticator(bytes), `${path} holds no NATS credentials`);
}

/** Tries it once: a wrong seed would else throw inside the client. The reason is left out, it may quote the secret. */
export function checkAuthenticator(authenticator: Authenticator, complaint: string): Authenticator {
  try {
    authenticator('a nonce');
  } catch {
    throw new MeshError('MESH_NATS_CONTEXT_INVALID', `${complaint}.`);
  }
  return authenticator;
}
