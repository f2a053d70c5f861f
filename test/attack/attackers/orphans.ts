/** Blocks of strangers, 500 a second: on parents that nobody has, or stamped seconds ahead of every clock. */
import { randomBytes } from "node:crypto";
import { concatBytes } from "../../../src/base/bytes.ts";
import { genesisBlockOf } from "../../../src/ledger/genesis-state.ts";
import { chainTopics } from "../../../src/network/messages.ts";
import {
  assembleBlock,
  blockHash,
  blockVersion,
  emptyConsensusRoot,
  emptyConsensusSection,
  headerRoot,
  nonceBytes,
  transactionsRoot,
} from "../../../src/protocol/block.ts";
import { sealDomain, zeroBytes32 } from "../../../src/protocol/hashing.ts";
import { keyPairFromSeed, sign } from "../../../src/protocol/signing.ts";
import { attacker, steadily } from "../wire/attacker.ts";
import { Persistent } from "../wire/persistent.ts";
import { specOf } from "../wire/spec.ts";

const perSecond = 500;
const aheadMs = 3_000;

attacker(async (attack) => {
  const spec = specOf(attack.order);
  const topic = chainTopics(spec.chainId).blocks;
  const genesis = genesisBlockOf(spec);
  const isOrphan = attack.order.variant === "orphans";
  const persistent = await Persistent.open(attack, { spec, topics: [topic] });
  await attack.begin();
  const block = () => {
    const keyPair = keyPairFromSeed(randomBytes(32));
    const nonce = new Uint8Array(nonceBytes);
    const header = {
      version: blockVersion,
      chainId: spec.chainId,
      height: isOrphan ? 1_000 : 1,
      parentHash: isOrphan ? randomBytes(32) : genesis.hash,
      timestampMs: Date.now() + (isOrphan ? 0 : aheadMs),
      producer: keyPair.publicKey,
      transactionsRoot: transactionsRoot([]),
      transactionCount: 0,
      stateRoot: randomBytes(32),
      consensusRoot: emptyConsensusRoot,
      consensusStateHash: randomBytes(32),
      target: zeroBytes32,
      extraData: zeroBytes32,
    };
    const signature = sign(concatBytes([sealDomain, blockHash(headerRoot(header), nonce)]), keyPair);
    return assembleBlock(header, { nonce, signature }, [], emptyConsensusSection).bytes;
  };
  await steadily(perSecond, attack.signal, async (count) => {
    const open = await persistent.now();
    await open?.mouth.publish(topic, Array.from({ length: count }, block));
    attack.count(count);
  });
});
