/** Valid 1 MiB blocks beside the head of a Proof of Work chain, at the lowest difficulty, with one body used again and again. */
import { randomBytes } from "node:crypto";
import { compareBytes } from "../../../src/base/bytes.ts";
import { chainTopics } from "../../../src/network/messages.ts";
import {
  assembleBlock,
  blockBytesMax,
  blockHash,
  blockVersion,
  emptyConsensusRoot,
  emptyConsensusSection,
  type Header,
  type HeaderRecord,
  headerRoot,
  nonceBytes,
  transactionsRoot,
} from "../../../src/protocol/block.ts";
import { keyPairFromSeed } from "../../../src/protocol/signing.ts";
import {
  type DecodedTransaction,
  recordBytesMax,
  signTransaction,
} from "../../../src/protocol/transaction.ts";
import { attacker, steadily } from "../wire/attacker.ts";
import { openFollower } from "../wire/follower.ts";
import { Persistent } from "../wire/persistent.ts";

/** 30 MiB a second: what filled a gigabyte in half a minute. */
const perSecond = 30;
/** Leaves room for the header. */
const bodyBytes = blockBytesMax - 8_192;

attacker(async (attack) => {
  const { core } = await openFollower(attack.order);
  const { chain } = core;
  const { spec, engine } = chain;
  const topic = chainTopics(spec.chainId).blocks;
  const body: DecodedTransaction[] = [];
  for (let bytes = 0; bytes < bodyBytes - 4_500; ) {
    const payload = { kind: "record", data: randomBytes(recordBytesMax) } as const;
    const draft = { payload, sequence: 0, fee: 0n, validUntil: 0, timestampMs: Date.now() };
    const transaction = signTransaction(draft, keyPairFromSeed(randomBytes(32)), spec.chainId);
    bytes += transaction.bytes.length + 4;
    body.push(transaction);
  }
  const root = transactionsRoot(body);
  const producer = keyPairFromSeed(randomBytes(32)).publicKey;
  const sibling = () => {
    const parent = chain.headerOf(chain.head.header.parentHash) as HeaderRecord;
    const slot = engine.slot(parent, producer);
    if (!slot) throw new Error("anyone may mine");
    const header: Header = {
      version: blockVersion,
      chainId: spec.chainId,
      height: parent.header.height + 1,
      parentHash: parent.hash,
      timestampMs: Math.max(slot.earliestMs, chain.head.header.timestampMs),
      producer,
      transactionsRoot: root,
      transactionCount: body.length,
      stateRoot: randomBytes(32),
      consensusRoot: emptyConsensusRoot,
      consensusStateHash: chain.head.header.consensusStateHash,
      target: slot.target,
      extraData: randomBytes(32),
    };
    return assembleBlock(
      header,
      { nonce: mined(header), signature: new Uint8Array(0) },
      body,
      emptyConsensusSection,
    );
  };
  const persistent = await Persistent.open(attack, { spec, topics: [topic] });
  await attack.begin();
  await steadily(perSecond, attack.signal, async (count) => {
    for (let index = 0; index < count && !attack.signal.aborted; index += 1) {
      const open = await persistent.now();
      await open?.mouth.publish(topic, [sibling().bytes]);
      attack.count(1);
    }
  });
});

function mined(header: Header): Uint8Array {
  const root = headerRoot(header);
  const nonce = new Uint8Array(nonceBytes);
  const view = new DataView(nonce.buffer);
  for (let tried = 0; compareBytes(blockHash(root, nonce), header.target) > 0; tried += 1) {
    view.setUint32(0, tried, true);
  }
  return nonce;
}
