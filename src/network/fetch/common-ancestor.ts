/** Finds where a peer's canonical chain and ours part: by steps that double, then by halving, one header a step. */
import { invariant } from "../../base/invariant.ts";
import type { Checkpoint } from "../../protocol/checkpoint.ts";
import type { KnownPeer } from "../peers/directory.ts";
import type { FetchModules } from "./fetch-modules.ts";
import { failureOf, PeerFailure } from "./peer-failure.ts";

/**
 * The highest block of the peer's canonical chain that this node has, too.
 *
 * @param stepDone is called for each header that has come: their number is what bounds the time that a peer may take
 * @throws PeerFailure if the peer lacks a header that it should have, or serves nonsense
 */
export async function commonAncestor(
  modules: FetchModules,
  { peerId, status }: KnownPeer,
  signal: AbortSignal,
  stepDone: () => void,
): Promise<Checkpoint> {
  const { chain, requests } = modules;
  /** The hash of the peer's block at a height, if this node has that block. */
  const sharedAt = async (height: number): Promise<Uint8Array | undefined> => {
    const told = await requests.headerAt(peerId, height, signal);
    stepDone();
    if (!told.ok) throw failureOf(modules, peerId, told.fault, `header ${height}`);
    if (!told.value) throw new PeerFailure(`it has no block at height ${height}`);
    return chain.headerOf(told.value.hash) && told.value.hash;
  };
  const genesisHash = chain.hashAtHeight(0);
  invariant(genesisHash, "a chain has a genesis block");
  let high = Math.min(chain.head.header.height, status.height);
  let shared = await sharedAt(high);
  if (shared) return { height: high, hash: shared };
  let low = Math.max(0, high - 1);
  for (let step = 2; low > 0; step *= 2) {
    shared = await sharedAt(low);
    if (shared) break;
    high = low;
    low = Math.max(0, low - step);
  }
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    const found = await sharedAt(middle);
    if (found) {
      low = middle;
      shared = found;
    } else {
      high = middle;
    }
  }
  return { height: low, hash: shared ?? genesisHash };
}
