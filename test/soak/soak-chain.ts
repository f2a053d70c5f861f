/** The chain of the soak: fast blocks, a floor well below what the miners can do, users with something to send. */
import { createHash, randomBytes } from "node:crypto";
import { bigIntToBytes, fromUtf8, toHex } from "../../src/base/bytes.ts";
import { chainSpecFrom } from "../../src/protocol/chain-spec-json.ts";
import { type ChainSpec, chainSpecOf } from "../../src/protocol/genesis.ts";
import { zeroBytes32 } from "../../src/protocol/hashing.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import { type KeyPair, keyPairFromSeed } from "../../src/protocol/signing.ts";
import { type DecodedTransaction, signTransaction } from "../../src/protocol/transaction.ts";

export const targetBlockTimeMs = 1_500;
const minimumIntervalMs = 200;
/** Four million hashes for the easiest block: with 3 million a second or more the target stays above the floor. */
const floorBits = 22;
export const userCount = 5;
/** Longer ago than any clock is set wrong by: who is an hour behind can mine, too. */
const genesisAgeMs = 24 * 3_600_000;

/** The key with this number; users come first. */
export function keyNumbered(number: number): KeyPair {
  return keyPairFromSeed(createHash("sha256").update(`soak ${number}`).digest());
}

/** @throws where the spec cannot be, which is a bug here */
export function soakSpec(): ChainSpec {
  const users = Array.from({ length: userCount }, (_, number) => keyNumbered(number));
  const parsed = chainSpecFrom({
    name: "soak",
    consensus: "pow",
    timestamp: new Date(Date.now() - genesisAgeMs).toISOString(),
    salt: toHex(randomBytes(32)),
    targetBlockTimeMs,
    minimumIntervalMs,
    blockReward: "50",
    rewardMaturityBlocks: 10,
    allocations: Object.fromEntries(users.map(({ publicKey }) => [addressOf(publicKey), "1000"])),
  });
  if (!parsed.ok) throw new Error(`${parsed.fault.field} ${parsed.fault.reason}`);
  const easiestTarget = bigIntToBytes(2n ** BigInt(256 - floorBits) - 1n, 32);
  const spec = chainSpecOf({ ...parsed.value.genesis, easiestTarget });
  if (!spec.ok) throw new Error(`${spec.fault.field} ${spec.fault.reason}`);
  return spec.value;
}

export function transferNumbered(
  number: number,
  from: KeyPair,
  sequence: number,
  { chainId }: ChainSpec,
): DecodedTransaction {
  const payload = {
    kind: "transfer" as const,
    to: keyNumbered((number + 1) % userCount).publicKey,
    assetId: zeroBytes32,
    amount: 1n,
    memo: fromUtf8(`transfer ${number}`),
  };
  return signTransaction({ payload, sequence, fee: 1n, validUntil: 0, timestampMs: 0 }, from, chainId);
}
