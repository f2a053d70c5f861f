/** Compares a node that answers with a data directory: is it the directory's own, on the directory's chain? */

import type { NodeAnswer } from "../api/node-status.ts";
import { toHex } from "../base/bytes.ts";
import { nodeIdOf } from "../protocol/identity.ts";
import { KeyError } from "../wallet/key-error.ts";
import { nodeKeyName, showKey } from "../wallet/keystore.ts";
import { pinnedChainSpec } from "./data-directory.ts";

/**
 * Why a node does not go with the chain of a directory, as half a sentence; undefined if it does. A directory without
 * a chain, such as one of keys alone, goes with every node.
 */
export async function otherChain(dataDir: string, status: NodeAnswer): Promise<string | undefined> {
  const spec = await pinnedChainSpec(dataDir);
  if (!spec || toHex(spec.chainId) === status.chainId) return undefined;
  const { name, consensus, chainId } = spec;
  return `it is on chain ${status.chainId} (${status.consensus}), the directory holds ${toHex(chainId)} (${name}, ${consensus})`;
}

/** Why a node is not the one of a directory, by the directory's key, as half a sentence; undefined if it is. */
export async function otherNode(dataDir: string, status: NodeAnswer): Promise<string | undefined> {
  const own = await showKey(dataDir, nodeKeyName).catch((thrown: unknown) => {
    // Without a key that can be read, the chain alone has to tell.
    if (thrown instanceof KeyError) return undefined;
    throw thrown;
  });
  const ownId = own && nodeIdOf(own.publicKey);
  if (ownId === undefined || ownId === status.nodeId) return undefined;
  return `it is node ${status.nodeId} (${status.name}), the directory's key is that of ${ownId}`;
}
