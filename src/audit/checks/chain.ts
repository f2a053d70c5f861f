/** Check 2: the blocks are a chain without a gap, from the genesis block of the spec to the cursor, and no row is beside it. */
import { bytesEqual, toHex } from "../../base/bytes.ts";
import { genesisBlockOf } from "../../ledger/genesis-state.ts";
import { blockHash, blockVersion, headerRoot } from "../../protocol/block.ts";
import { zeroBytes32 } from "../../protocol/hashing.ts";
import type { ChainCheck, ChainCheckContext } from "../chain-check.ts";
import type { FindingDraft } from "../finding.ts";
import type { LedgerBlock, SqlValue } from "../ledger-block.ts";
import { chainNumberMax, firstKeyOf } from "../ledger-keys.ts";
import { sqlIntegerMax } from "../readable-value.ts";

export class ChainOfBlocks implements ChainCheck {
  readonly name = "chain";
  readonly #context: ChainCheckContext;
  /** Of the block before; undefined if its bytes do not decode or its row is missing. */
  #parentHash: Uint8Array | undefined;
  #nextHeight: number;
  /** As claimed by rows, for the cursor and the final block. */
  #lastHash: string | undefined;
  #finalHash: string | undefined;

  constructor(context: ChainCheckContext) {
    this.#context = context;
    this.#nextHeight = context.firstHeight;
    if (context.firstHeight === 0) this.#parentHash = zeroBytes32;
    this.#checkMeta();
  }

  #find(finding: Omit<FindingDraft, "table"> & { table?: string }): void {
    this.#context.report.finding({ table: "blocks", ...finding });
  }

  #checkMeta(): void {
    const { spec, meta, report } = this.#context;
    report.looked(1);
    const expected: readonly (readonly [column: string, value: SqlValue, meaning: string])[] = [
      ["name", spec.name, "the network has another name in its genesis spec"],
      ["consensus", spec.consensus, "the chain has another engine in its genesis spec"],
      [
        "reward_maturity_blocks",
        BigInt(spec.genesis.rewardMaturityBlocks),
        "the spec makes rewards mature after another number of blocks, so balances would be shown wrong",
      ],
      [
        "genesis_hash",
        genesisBlockOf(spec).hashHex,
        "block 0 that follows from the genesis spec has another hash",
      ],
    ];
    for (const [column, value, meaning] of expected) {
      if (meta[column] === value) continue;
      this.#find({
        ...{
          table: "meta",
          row: `chain ${spec.name}`,
          column,
          expected: value,
          found: meta[column],
          meaning,
        },
      });
    }
  }

  block({ height, parts, row }: LedgerBlock): void {
    const { spec } = this.#context;
    if (height > this.#nextHeight) {
      this.#findMissing(this.#nextHeight, height - 1);
      this.#parentHash = undefined;
    }
    this.#nextHeight = height + 1;
    const { header, seal } = parts;
    const hash = header && seal ? blockHash(headerRoot(header), seal.nonce) : undefined;
    const hashHex = hash ? toHex(hash) : typeof row.hash === "string" ? row.hash : undefined;
    this.#lastHash = hashHex;
    if (row.index === this.#context.meta.final_index) this.#finalHash = hashHex;
    const name = `block ${height}`;
    if (!header) {
      this.#parentHash = undefined;
      return;
    }
    if (header.height !== height) {
      this.#find({
        ...{ row: name, column: "index", expected: BigInt(header.height), found: BigInt(height) },
        meaning: "the block stands at another height than its own header says",
      });
    }
    if (header.version !== blockVersion) {
      this.#find({
        ...{
          row: name,
          column: "header_version",
          expected: BigInt(blockVersion),
          found: BigInt(header.version),
        },
        meaning: "no node of this protocol takes a header of this version",
      });
    }
    if (!bytesEqual(header.chainId, spec.chainId)) {
      this.#find({
        ...{ row: name, column: "chain_id", expected: toHex(spec.chainId), found: toHex(header.chainId) },
        meaning: "the block is one of another chain",
      });
    }
    if (this.#parentHash && !bytesEqual(header.parentHash, this.#parentHash)) {
      this.#find({
        ...{ row: name, column: "previous_hash", expected: toHex(this.#parentHash) },
        found: toHex(header.parentHash),
        meaning:
          "the block does not follow the one before it in the file: one of the two was changed or replaced",
      });
    }
    if (height === 0) this.#checkGenesis(hash);
    this.#parentHash = hash;
  }

  #findMissing(from: number, to: number): void {
    this.#find({
      ...{ row: from === to ? `block ${from}` : `blocks ${from} to ${to}`, column: "index" },
      ...{ expected: "every block up to the last one", found: undefined },
      meaning: "blocks were taken out of the file",
    });
  }

  #checkGenesis(hash: Uint8Array | undefined): void {
    const expected = genesisBlockOf(this.#context.spec).hash;
    if (hash && bytesEqual(hash, expected)) return;
    this.#find({
      ...{ row: "block 0", column: "hash", expected: toHex(expected), found: hash ? toHex(hash) : undefined },
      meaning: "block 0 is not the one that follows from the chain's genesis spec",
    });
  }

  end(): void {
    const { meta, headHeight, firstHeight, spec } = this.#context;
    const name = `chain ${spec.name}`;
    if (meta.cursor_hash !== this.#lastHash || meta.cursor_index !== BigInt(this.#nextHeight - 1)) {
      const isIndex = meta.cursor_index !== BigInt(this.#nextHeight - 1);
      this.#find({
        ...{ table: "meta", row: name, column: isIndex ? "cursor_index" : "cursor_hash" },
        expected: isIndex ? BigInt(this.#nextHeight - 1) : this.#lastHash,
        found: isIndex ? meta.cursor_index : meta.cursor_hash,
        meaning: "the cursor does not name the last block in the file: blocks were taken away or added",
      });
    }
    this.#checkFinal(name);
    this.#checkStrays(firstHeight, headHeight);
    this.#checkKeys(firstHeight, headHeight);
  }

  #checkFinal(name: string): void {
    const { meta } = this.#context;
    if (meta.final_index === null && meta.final_hash === null) return;
    const isKnown = typeof meta.final_index === "bigint" && this.#finalHash !== undefined;
    if (isKnown && meta.final_hash === this.#finalHash) return;
    this.#find({
      ...{ table: "meta", row: name, column: isKnown ? "final_hash" : "final_index" },
      expected: isKnown ? this.#finalHash : "the index of a block in this file",
      found: isKnown ? meta.final_hash : meta.final_index,
      meaning: "the final block that the file names is not one of its blocks",
    });
  }

  /** Rows of `transactions` whose key is that of no block. */
  #checkKeys(firstHeight: number, headHeight: number): void {
    const { reader, meta } = this.#context;
    if (!reader.has("transactions", ["transaction_key"]) || !reader.has("meta", ["chain_number"])) return;
    const own = meta.chain_number as bigint;
    const numbers = [...reader.rows("meta", { columns: ["chain_number"], limit: straysMax })]
      .map(({ chain_number }) => chain_number)
      .filter((number) => typeof number === "bigint" && number > 0n && number <= chainNumberMax) as bigint[];
    const [first, end] = [firstKeyOf(own, firstHeight), firstKeyOf(own, headHeight + 1)];
    for (const [from, to] of keyGaps(own, numbers.sort(byValue), first, end)) {
      if (from >= to) continue;
      // The highest key of all has no key above it that SQLite could hold.
      const where =
        to > sqlIntegerMax ? "transaction_key >= ?" : "transaction_key >= ? AND transaction_key < ?";
      const strays = reader.rows("transactions", {
        columns: ["transaction_key"],
        where,
        parameters: to > sqlIntegerMax ? [from] : [from, to],
        limit: straysMax,
      });
      for (const { transaction_key } of strays) {
        this.#find({
          ...{ check: "transactions", table: "transactions", row: `transaction_key ${transaction_key}` },
          ...{ column: "transaction_key", found: transaction_key },
          expected: `the key of a transaction in blocks ${firstHeight} to ${headHeight}`,
          meaning: "the row stands in no block of this file: it was added, or moved out of its block",
        });
      }
    }
  }

  /** Rows of the chain that no block came with. */
  #checkStrays(firstHeight: number, headHeight: number): void {
    const { reader, chainId } = this.#context;
    for (const { check, table, column, row } of heightColumns) {
      const first = keptFromBefore.has(table) ? 0 : firstHeight;
      if (!reader.has(table, ["chain_id", column])) continue;
      const inRange = `typeof("${column}") = 'integer' AND "${column}" BETWEEN ? AND ?`;
      const strays = reader.rows(table, {
        columns: ["chain_id", column],
        where: `chain_id = ? AND NOT (${inRange})`,
        parameters: [chainId, first, headHeight],
        limit: straysMax,
      });
      for (const stray of strays) {
        this.#find({
          ...{ check, table, row, column, found: stray[column] },
          expected: `a block from ${first} to ${headHeight}`,
          meaning: "the row belongs to no block of this file: it was added, or its block was taken away",
        });
      }
    }
  }
}

/** The keys that the other chains of the file have, and this one: [from, to). Of this one those that no block has. */
function keyGaps(
  own: bigint,
  numbers: readonly bigint[],
  first: bigint,
  end: bigint,
): [from: bigint, to: bigint][] {
  const gaps: [bigint, bigint][] = [
    [firstKeyOf(own, 0), first],
    [end, firstKeyOf(own + 1n, 0)],
  ];
  // Whichever chain comes first looks at the keys of no chain, too.
  if (own !== numbers[0]) return gaps;
  let from = -(2n ** 63n);
  for (const number of numbers) {
    gaps.push([from, firstKeyOf(number, 0)]);
    from = firstKeyOf(number + 1n, 0);
  }
  return [...gaps, [from, 2n ** 63n]];
}

const straysMax = 1_000;

function byValue(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** An excerpt has the rows of the blocks before it here, too: its own rows speak of these names and assets. */
const keptFromBefore: ReadonlySet<string> = new Set(["users", "assets", "authority_changes"]);

const heightColumns = [
  { check: "chain", table: "blocks", column: "index", row: "a row beside the chain" },
  { check: "tables", table: "users", column: "registered_in", row: "a name" },
  { check: "tables", table: "assets", column: "issued_in", row: "an asset" },
  { check: "tables", table: "authority_changes", column: "block_id", row: "a change" },
  { check: "transactions", table: "transactions", column: "block_id", row: "a transaction" },
] as const;
