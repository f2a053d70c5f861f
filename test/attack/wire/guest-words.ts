/** What a peer without a chain of its own says of itself: it is of the network, and has the genesis block and nothing more. */
import { fromUtf8 } from "../../../src/base/bytes.ts";
import { genesisBlockOf } from "../../../src/ledger/genesis-state.ts";
import type { Handshake, Status } from "../../../src/network/messages.ts";
import { noStatus } from "../../../src/network/peers/status.ts";
import { type ChainSpec, engineNumbers } from "../../../src/protocol/genesis.ts";

export interface Guest {
  readonly spec: ChainSpec;
  readonly network: string;
  readonly publicKey: Uint8Array;
  readonly name: string;
}

export function guestHandshake({ spec, network, publicKey, name }: Guest): Handshake {
  return {
    network: fromUtf8(network),
    engine: engineNumbers[spec.consensus],
    chainId: spec.chainId,
    publicKey,
    mayFound: 0,
    clockMs: Date.now(),
    name: fromUtf8(name),
  };
}

export function guestStatus(spec: ChainSpec): Status {
  const { hash } = genesisBlockOf(spec);
  return { ...noStatus, head: hash, final: { height: 0, hash }, clockMs: Date.now() };
}
