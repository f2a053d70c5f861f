/** What strangers say of themselves in tests: handshake and status as a peer of a chain, and whatever a test makes up. */
import { fromUtf8 } from "../../src/base/bytes.ts";
import {
  type Handshake,
  HandshakeType,
  handshakeProtocol,
  type Status,
  StatusType,
  statusProtocol,
} from "../../src/network/messages.ts";
import type { PeerHost } from "../../src/network/peer-host.ts";
import { noStatus } from "../../src/network/peers/status.ts";
import { engineNumbers } from "../../src/protocol/genesis.ts";
import { BlockBuilder, type BuiltBlock, keyPairNamed, testSpec } from "../chain/block-builder.ts";

const pow = new BlockBuilder(testSpec("pow"));

export const serving = {
  requestBytesMax: 1_024,
  chunkBytesMax: 1 << 20,
  timeoutMs: 60_000,
  rateLimit: { requests: 1_000, perMs: 1_000 },
};

/** The handshake of the stranger of this name, as a peer of the builder's chain; `claims` is what it makes up. */
export function handshakeOf(
  name: string,
  claims: Partial<Handshake> = {},
  builder: BlockBuilder = pow,
): Handshake {
  return {
    network: fromUtf8("test"),
    engine: engineNumbers[builder.spec.consensus],
    chainId: builder.spec.chainId,
    publicKey: keyPairNamed(name).publicKey,
    mayFound: 0,
    clockMs: 0,
    name: fromUtf8(name),
    ...claims,
  };
}

/** The status of a peer that has all these blocks. */
export function statusOf(
  blocks: readonly BuiltBlock[],
  claims: Partial<Status> = {},
  builder: BlockBuilder = pow,
): Status {
  const { record } = blocks.at(-1) ?? builder.genesis;
  return {
    ...noStatus,
    height: record.header.height,
    head: record.hash,
    cumulativeWeight: record.cumulativeWeight,
    justifiedHeight: record.justifiedHeight,
    final: { height: 0, hash: builder.genesis.block.hash },
    established: 1,
    ...claims,
  };
}

/** Answers handshakes, and statuses as `status` says. */
export function serveGreeting(
  host: PeerHost,
  handshake: Handshake,
  status: () => Status,
  /** Resolves when an answer may go out. */
  hesitate: () => Promise<void> = async () => {},
): void {
  const answer = (bytes: () => Uint8Array) => ({
    ...serving,
    async *handle() {
      await hesitate();
      yield bytes();
    },
  });
  host.serve(
    handshakeProtocol,
    answer(() => HandshakeType.serialize(handshake)),
  );
  host.serve(
    statusProtocol,
    answer(() => StatusType.serialize(status())),
  );
}
