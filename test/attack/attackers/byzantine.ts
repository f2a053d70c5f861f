/** One authority that breaks a rule: stamps ahead so that it seals at any rank, or seals many blocks for each height. */
import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { concatBytes, fromHex } from "../../../src/base/bytes.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { chainTopics } from "../../../src/network/messages.ts";
import { assembleBlock, type Block, blockHash, headerRoot, nonceBytes } from "../../../src/protocol/block.ts";
import { sealDomain } from "../../../src/protocol/hashing.ts";
import { keyPairFromSeed, sign } from "../../../src/protocol/signing.ts";
import { draftBlock } from "../../../src/sealing/draft-block.ts";
import { attacker } from "../wire/attacker.ts";
import { openFollower } from "../wire/follower.ts";
import { Persistent } from "../wire/persistent.ts";

const pollMs = 5;
/** As far ahead as any rule of the chain has ever let a block be. */
const aheadMaxMs = 4_900;
const blocksPerHeight = { "front-run": 1, split: 3, equivocate: 30 } as const;

attacker(async (attack) => {
  const { order, signal } = attack;
  const count = blocksPerHeight[order.variant as keyof typeof blocksPerHeight];
  const seed = fromHex(order.seeds[order.index] ?? "");
  if (!seed || !count) throw new Error("it needs the key of an authority, and a way to break the rules");
  const keyPair = keyPairFromSeed(seed);
  const { core } = await openFollower(order, { seed });
  const { chain } = core;
  const topic = chainTopics(chain.spec.chainId).blocks;
  // A mouth at each honest node: gossip of its own would show all of them one block.
  const mouths = await Promise.all(
    order.targets.map((target) => Persistent.open(attack, { spec: chain.spec, topics: [topic], target })),
  );
  await attack.begin();
  let sealedOn = "";
  while (!signal.aborted) {
    const parent = chain.head;
    const slot = chain.engine.slot(parent, keyPair.publicKey);
    if (parent.hashHex === sealedOn || !slot || slot.earliestMs > Date.now() + aheadMaxMs) {
      await delay(pollMs);
      continue;
    }
    sealedOn = parent.hashHex;
    const blocks = Array.from({ length: count }, (): Block => {
      const options = { producer: keyPair.publicKey, extraData: randomBytes(32) };
      // Censors: of what waits it takes nothing.
      const mempool = { drop: () => false, select: () => [] };
      const clock = { ...systemClock, nowMs: () => slot.earliestMs };
      const { header, transactions, consensusSection } = draftBlock(parent, slot, options, {
        ...{ chain, mempool, clock },
      });
      const nonce = new Uint8Array(nonceBytes);
      const signature = sign(concatBytes([sealDomain, blockHash(headerRoot(header), nonce)]), keyPair);
      return assembleBlock(header, { nonce, signature }, transactions, consensusSection);
    });
    await Promise.all(
      mouths.map(async (mouth, index) => {
        const own = order.variant === "split" ? [blocks[index % blocks.length] as Block] : blocks;
        const open = await mouth.now();
        for (const { bytes } of own) await open?.mouth.publish(topic, [bytes]);
      }),
    );
    attack.count(blocks.length);
    // Its own block may be its own head: the honest nodes will say whether it is theirs.
    const [own] = blocks;
    if (own) await chain.importBlock(own);
  }
});
