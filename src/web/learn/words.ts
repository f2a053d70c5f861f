/** The words of this page, each explained in a sentence or two for somebody who meets it first. */

export interface Word {
  /** As it stands in the list, and in addresses: lower case. */
  readonly word: string;
  readonly meaning: string;
  /** The lesson that shows it at work, by its name. */
  readonly lesson?: LessonName;
}

export type LessonName = "hash" | "block" | "chain" | "distributed" | "signatures" | "finality";

/** All words, by the alphabet. */
export const words = [
  {
    word: "account",
    meaning:
      "What belongs to one key: a balance, a sequence, perhaps a name. Its address begins with aurex1 and is the key written as text.",
  },
  {
    word: "asset",
    meaning:
      "A currency that an account has issued on this chain, with a symbol and a fixed supply. The chain's own coin is AUR.",
  },
  {
    word: "authority",
    meaning:
      "A node that may seal blocks on a Proof of Authority chain. The authorities take turns, and vote for what is final.",
    lesson: "finality",
  },
  {
    word: "block",
    meaning:
      "Transactions in a fixed order, with a header that names the block before. A block counts once its seal fits.",
    lesson: "block",
  },
  {
    word: "certificate",
    meaning:
      "The votes of a quorum for one block, each with its signature. Anybody can check it, also years later.",
    lesson: "finality",
  },
  {
    word: "chain id",
    meaning:
      "The hash of the rules and balances that a chain began with. Two nodes with the same chain id are on the same chain.",
  },
  {
    word: "confirmations",
    meaning:
      "How many blocks have a transaction: its own block and those on top of it. In Proof of Work, more of them are safer.",
  },
  {
    word: "consensus",
    meaning: "The rule by which nodes that do not trust each other agree on one chain.",
    lesson: "distributed",
  },
  {
    word: "difficulty",
    meaning:
      "How many hashes a miner has to try on average until one is low enough. It follows the speed of the miners.",
    lesson: "block",
  },
  {
    word: "evidence",
    meaning:
      "Two signatures of one authority that contradict each other. They prove that it broke the rules, and it is removed.",
  },
  {
    word: "fee",
    meaning:
      "What the sender pays to whoever puts a transaction into a block. If blocks are full, higher fees go first.",
  },
  {
    word: "final",
    meaning:
      "Nothing can undo it any more. On a Proof of Authority chain a block is final some seconds after it was made.",
    lesson: "finality",
  },
  {
    word: "fork",
    meaning: "Two blocks that name the same block before them. Only one of them can stay on the chain.",
    lesson: "distributed",
  },
  {
    word: "genesis",
    meaning: "Block 0. It has no block before it, and it holds what the chain began with.",
    lesson: "chain",
  },
  {
    word: "hash",
    meaning:
      "A fingerprint of bytes: 64 hex digits that are always the same for the same bytes, and quite different if one bit is changed.",
    lesson: "hash",
  },
  {
    word: "head",
    meaning: "The newest block of the chain that a node follows.",
    lesson: "chain",
  },
  {
    word: "header",
    meaning:
      "The short part of a block that is hashed: the block before, the time, the producer, and what all its contents add up to.",
    lesson: "block",
  },
  {
    word: "height",
    meaning: "The number of a block, counted from 0 at the genesis block.",
    lesson: "chain",
  },
  {
    word: "key",
    meaning:
      "A pair: the private key signs and is kept secret, the public key shows that the signature is right.",
    lesson: "signatures",
  },
  {
    word: "mempool",
    meaning: "The waiting room of a node: transactions that are valid and stand in no block yet.",
  },
  {
    word: "miner",
    meaning: "A node that searches for a nonce, so that its block counts on a Proof of Work chain.",
    lesson: "block",
  },
  {
    word: "nonce",
    meaning: "A number that a miner changes until the block's hash is low enough. It means nothing else.",
    lesson: "block",
  },
  {
    word: "peer",
    meaning: "Another node that this node is connected to.",
    lesson: "distributed",
  },
  {
    word: "proof of authority",
    meaning: "A chain on which known nodes take turns to seal blocks by signing them.",
    lesson: "finality",
  },
  {
    word: "proof of work",
    meaning:
      "A chain on which anybody may make a block who has found a hash that is low enough. The most work wins.",
    lesson: "block",
  },
  {
    word: "quorum",
    meaning:
      "As many votes as are needed: two thirds of the authorities, rounded up. Two quorums always share an honest authority if fewer than a third of them cheat.",
    lesson: "finality",
  },
  {
    word: "reorganization",
    meaning:
      "A node leaves blocks that it had and takes others, since they have more work or weight. Transactions that were only in the old blocks wait again.",
    lesson: "distributed",
  },
  {
    word: "seal",
    meaning: "What makes a block count: work in a nonce, or the signature of an authority.",
    lesson: "block",
  },
  {
    word: "sequence",
    meaning:
      "The number of a sender's transaction, counted from 0. Each counts once and in its order, so that nobody can send the same one twice.",
  },
  {
    word: "signature",
    meaning:
      "64 bytes that only the owner of a private key can make for a message, and that everybody can check with the public key.",
    lesson: "signatures",
  },
  {
    word: "target",
    meaning: "The highest hash that a mined block may have. The lower the target, the more work.",
    lesson: "block",
  },
  {
    word: "transaction",
    meaning: "A signed order to the chain: pay somebody, take a name, issue an asset, record data.",
    lesson: "signatures",
  },
  {
    word: "vote",
    meaning: "An authority's signature under one block: it has checked that block and all blocks before.",
    lesson: "finality",
  },
] as const satisfies readonly Word[];

/** A word that the list has. */
export type KnownWord = (typeof words)[number]["word"];

export function wordFor(word: KnownWord): Word {
  return words.find((each) => each.word === word) as Word;
}
