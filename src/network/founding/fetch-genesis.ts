/** Fetches a chain's genesis from a peer and believes nothing of it that its chain id does not prove. */
import { bytesEqual, toHex } from "../../base/bytes.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import { blockBytesMax } from "../../protocol/block.ts";
import { type ChainSpec, type ConsensusName, decodeGenesis } from "../../protocol/genesis.ts";
import { sha256 } from "../../protocol/hashing.ts";
import { genesisProtocol } from "../messages.ts";
import type { PeerHost, PeerId } from "../peer-host.ts";

const genesisTimeoutMs = 5_000;

export interface WantedChain {
  readonly chainId: Uint8Array;
  readonly consensus: ConsensusName;
}

/**
 * The spec of `wanted`, from `peer`. The fault is the reason in words, for the log: the peer has served what it should
 * not have, or has another engine than it said.
 *
 * @throws RequestError where the peer does not answer
 */
export async function fetchGenesis(
  host: PeerHost,
  peer: PeerId,
  { chainId, consensus }: WantedChain,
  signal?: AbortSignal,
): Promise<Result<ChainSpec, string>> {
  const options = { timeoutMs: genesisTimeoutMs, chunksMax: 1, chunkBytesMax: blockBytesMax };
  const answer = host.request(peer, genesisProtocol, chainId, signal ? { ...options, signal } : options);
  for await (const bytes of answer) {
    if (!bytesEqual(sha256(bytes), chainId)) return fail(`it served a genesis of ${toHex(sha256(bytes))}`);
    const spec = decodeGenesis(bytes);
    if (!spec.ok) return fail(`the genesis cannot be used: ${spec.fault.code} ${spec.fault.reason}`);
    if (spec.value.consensus !== consensus) return fail(`its chain is of ${spec.value.consensus}`);
    return ok(spec.value);
  }
  return fail("it has no such genesis");
}
