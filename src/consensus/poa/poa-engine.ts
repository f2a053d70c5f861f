/** Proof of Authority: authorities take turns by rank, and any live one keeps the chain going. */
import { bytesEqual, concatBytes, toHex } from "../../base/bytes.ts";
import type { HeaderRecord, Seal } from "../../protocol/block.ts";
import type { BlockFault } from "../../protocol/faults.ts";
import type { Genesis } from "../../protocol/genesis.ts";
import { sealDomain, zeroBytes32 } from "../../protocol/hashing.ts";
import { signatureBytes, verifySignature } from "../../protocol/signing.ts";
import type { ConsensusEngine } from "../engine.ts";

const weightUnit = 1000;

export function createPoaEngine(genesis: Genesis): ConsensusEngine {
  const { authorities, periodMs, stepMs, heartbeatMs } = genesis;
  const indexOf = (key: Uint8Array) => authorities.findIndex((authority) => bytesEqual(authority, key));

  /** How long after the turn of the first a producer's own comes; undefined where it is no authority. */
  function rankDelayMs(parent: HeaderRecord, producer: Uint8Array): number | undefined {
    const index = indexOf(producer);
    return index < 0 ? undefined : rankAt(index, parent.header.height + 1, authorities.length) * stepMs;
  }

  return {
    name: "poa",
    aheadMaxMs: 5_000,
    emptyBlockAfterMs: heartbeatMs === 0 ? undefined : heartbeatMs,
    verifySeal(header, seal, hash): BlockFault | undefined {
      const malformed = sealFault(seal);
      if (malformed) return malformed;
      const message = concatBytes([sealDomain, hash]);
      return verifySignature(message, seal.signature, header.producer)
        ? undefined
        : { code: "block/seal-invalid" };
    },
    verifyHeader(header, parent): BlockFault | undefined {
      if (!bytesEqual(header.target, zeroBytes32)) {
        return { code: "block/target-wrong", expected: toHex(zeroBytes32), actual: toHex(header.target) };
      }
      const delayMs = rankDelayMs(parent, header.producer);
      if (delayMs === undefined) return { code: "block/producer-unknown", producer: toHex(header.producer) };
      const earliestMs = parent.header.timestampMs + periodMs + delayMs;
      if (header.timestampMs < earliestMs) {
        return { code: "block/timestamp-too-early", earliestMs, actualMs: header.timestampMs };
      }
      return undefined;
    },
    weight(header) {
      const index = indexOf(header.producer);
      const count = authorities.length;
      return BigInt(Math.floor((weightUnit * (count - rankAt(index, header.height, count))) / count));
    },
    slot(parent, producer) {
      const courtesyMs = rankDelayMs(parent, producer);
      if (courtesyMs === undefined) return undefined;
      const earliestMs = parent.header.timestampMs + periodMs + courtesyMs;
      return { earliestMs, courtesyMs, target: zeroBytes32 };
    },
    authorities: () => authorities,
  };
}

/** 0 for the authority whose turn a height is, 1 for the next, and so on. */
export function rankAt(index: number, height: number, count: number): number {
  return (((index - height) % count) + count) % count;
}

function sealFault(seal: Seal): BlockFault | undefined {
  if (!bytesEqual(seal.nonce, zeroBytes32)) {
    return { code: "block/seal-malformed", reason: "Proof of Authority has a zero nonce" };
  }
  if (seal.signature.length !== signatureBytes) {
    return {
      code: "block/seal-malformed",
      reason: `the signature has ${seal.signature.length} bytes, not 64`,
    };
  }
  return undefined;
}
