/** One chain of a ledger file as the audit begins with it: its rules, and which heights there are rows of. */
import { toHex } from "../base/bytes.ts";
import { type ChainSpec, decodeGenesis } from "../protocol/genesis.ts";
import type { CheckReport } from "./chain-check.ts";
import { shownText } from "./finding.ts";
import type { Row } from "./ledger-block.ts";
import type { BlockRange } from "./ledger-blocks.ts";
import { chainNumberMax, heightMax } from "./ledger-keys.ts";
import type { LedgerReader } from "./ledger-reader.ts";

export interface AuditedChain {
  readonly meta: Row;
  /** Hex. */
  readonly chainId: string;
  readonly spec: ChainSpec;
  readonly chainNumber: bigint;
  readonly firstHeight: number;
  /** Below `firstHeight` if the file has no block. */
  readonly headHeight: number;
}

/** @returns undefined, with a finding, if nothing of the chain can be judged */
export function auditedChain(meta: Row, reader: LedgerReader, report: CheckReport): AuditedChain | undefined {
  const row = `chain ${shownText(String(meta.chain_id))}`;
  const bytes = meta.genesis_bytes;
  const decoded = decodeGenesis(bytes instanceof Uint8Array ? bytes : new Uint8Array());
  if (!decoded.ok || toHex(decoded.value.chainId) !== meta.chain_id) {
    report.finding({
      ...{ table: "meta", row, column: "genesis_bytes" },
      ...{ expected: "a genesis spec whose SHA-256 is the chain id", found: bytes },
      meaning: "the rules of the chain are not those that its id stands for, so nothing of it can be judged",
    });
    report.cannotJudge("the whole chain: its genesis spec is not the one of its id");
    return undefined;
  }
  const number = meta.chain_number;
  if (typeof number !== "bigint" || number < 1n || number > chainNumberMax) {
    report.finding({
      ...{ table: "meta", row, column: "chain_number", expected: "a number from 1", found: number },
      meaning: "the keys of the chain's transactions are made with this number, so they cannot be found",
    });
    report.cannotJudge("the whole chain: the file does not say which transactions are its own");
    return undefined;
  }
  const first = meta.first_index;
  const isHeight = typeof first === "bigint" && first >= 0n && first <= BigInt(heightMax);
  if (first !== undefined && !isHeight) {
    report.finding({
      ...{ table: "meta", row, column: "first_index", expected: "the index of a block", found: first },
      meaning: "the file does not say which block it begins with",
    });
  }
  const chainId = String(meta.chain_id);
  const firstHeight = isHeight ? Number(first) : 0;
  return {
    ...{ meta, chainId, chainNumber: number, firstHeight, spec: decoded.value },
    headHeight: lastHeight(chainId, reader) ?? firstHeight - 1,
  };
}

function lastHeight(chainId: string, reader: LedgerReader): number | undefined {
  const last = reader.first("blocks", {
    columns: ["index"],
    where: `chain_id = ? AND typeof("index") = 'integer' AND "index" <= ?`,
    parameters: [chainId, heightMax],
    order: `"index" DESC`,
  });
  return typeof last?.index === "bigint" ? Number(last.index) : undefined;
}

/** Cuts the chain into ranges of about as many blocks; by the rows, since a row may claim any height. */
export function* rangesOf(chain: AuditedChain, reader: LedgerReader, blocks: number): Generator<BlockRange> {
  const { chainId, chainNumber, headHeight, firstHeight } = chain;
  for (let from = firstHeight; from <= headHeight; ) {
    const sql = `SELECT "index" AS height FROM main.blocks WHERE chain_id = ? AND "index" >= ? ORDER BY "index" LIMIT 1 OFFSET ?`;
    const height = reader.lookUp(sql, [chainId, from, blocks])?.height;
    const isAbove = typeof height === "bigint" && height > from && height <= headHeight;
    const to = isAbove ? Number(height) : headHeight + 1;
    yield { chainId, chainNumber, from, to };
    from = to;
  }
}
