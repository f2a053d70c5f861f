/** Reads the chains of a ledger file block by block. The file is hostile input: every size is bounded, no view is read. */
import path from "node:path";
import type { Row } from "../audit/ledger-block.ts";
import { openLedger } from "../audit/ledger-opening.ts";
import { LedgerReader } from "../audit/ledger-reader.ts";
import { bytesEqual, toHex } from "../base/bytes.ts";
import { toError } from "../base/invariant.ts";
import { visibleText } from "../base/visible-text.ts";
import {
  type Block,
  BlockType,
  blockTransactionsMax,
  ConsensusSectionType,
  consensusRoot,
  decodeBlock,
  HeaderType,
  transactionsRoot,
} from "../protocol/block.ts";
import { type Certificate, CertificateType } from "../protocol/certificate.ts";
import { decode } from "../protocol/codec.ts";
import { describeFault } from "../protocol/faults.ts";
import { type ChainSpec, decodeGenesis } from "../protocol/genesis.ts";
import { transactionBytesMax } from "../protocol/transaction.ts";
import { AttestError } from "./attest-error.ts";

/** A chain as `meta` names it. The spec is decoded and its hash is the chain id. */
export interface LedgerChain {
  readonly spec: ChainSpec;
  readonly chainId: string;
  readonly genesisBytes: Uint8Array;
  readonly chainNumber: bigint;
  /** The last block in the file, as `meta` says. */
  readonly cursorHeight: number;
  /** The newest final block, as `meta` says. */
  readonly final: { readonly height: number; readonly hash: string } | undefined;
  /** The certificate that makes the newest final block final, if the file has one. */
  readonly finalCertificate: Certificate | undefined;
}

const genesisBytesMax = 4 * 1024 * 1024;
const consensusBytesMax = 1024 * 1024;
const certificateBytesMax = 32 * 1024;
const chainsMax = 1_000;
/** The columns that are read; older schemas have them, too. */
const needed: readonly (readonly [table: string, columns: readonly string[]])[] = [
  ["meta", ["chain_number", "cursor_index", "final_index", "final_hash", "genesis_bytes"]],
  ["blocks", ["chain_id", "index", "header_bytes", "nonce_bytes", "seal_signature", "consensus_bytes"]],
  ["transactions", ["chain_id", "id", "block_id", "position", "bytes", "transaction_key"]],
];

/** One open ledger, read in one transaction: what others write meanwhile is not seen. */
export class LedgerBlocks {
  readonly file: string;
  readonly reader: LedgerReader;

  private constructor(file: string, reader: LedgerReader) {
    this.file = file;
    this.reader = reader;
  }

  /** @throws AuditError or AttestError if the file is no ledger */
  static open(file: string): LedgerBlocks {
    const full = path.resolve(file);
    const db = openLedger(full);
    try {
      const reader = new LedgerReader(db);
      for (const [table, columns] of needed) {
        if (!reader.has(table, columns))
          throw notALedger(full, `it has no table ${table} as ledgers have it`);
      }
      return new LedgerBlocks(full, reader);
    } catch (thrown) {
      db.close();
      if (thrown instanceof AttestError) throw thrown;
      throw notALedger(full, toError(thrown).message, thrown);
    }
  }

  close(): void {
    this.reader.close();
  }

  /** @throws AttestError if a row of `meta` names no chain spec */
  chains(): LedgerChain[] {
    const certificate = this.reader.has("meta", ["final_certificate"])
      ? blobSql("final_certificate", certificateBytesMax)
      : "NULL";
    const sql =
      `SELECT chain_number, cursor_index, final_index, final_hash, ${blobSql("genesis_bytes", genesisBytesMax)} ` +
      `AS genesis_bytes, ${certificate} AS final_certificate FROM main.meta ORDER BY chain_number LIMIT ${chainsMax}`;
    return this.#reading(() => [...this.reader.query(sql)]).map((row) => this.#chainOf(row));
  }

  /**
   * The chain that is asked for by its id, the first digits of it, or its name; without a question the only one.
   *
   * @throws AttestError if there is none, or several
   */
  chain(wanted?: string): LedgerChain {
    const chains = this.chains();
    const matches = chains.filter(
      ({ chainId, spec }) =>
        wanted === undefined ||
        spec.name === wanted ||
        (wanted.length >= 8 && chainId.startsWith(wanted.toLowerCase())),
    );
    const [only] = matches;
    if (only && matches.length === 1) return only;
    const list = chains.map(({ chainId, spec }) => `${chainId} (${spec.name}, ${spec.consensus})`).join(", ");
    throw new AttestError(
      "attest/chain",
      matches.length > 1
        ? `${this.file} holds several chains: ${list}`
        : wanted === undefined
          ? `${this.file} holds no chain`
          : `${this.file} holds no chain ${visibleText(wanted)}; it holds ${list || "none"}`,
      "name one with --chain: its id, the first 8 digits of it, or its name",
    );
  }

  /**
   * The blocks of a chain from 0 on, each decoded and with the transactions and the consensus section that its header
   * commits to.
   *
   * @throws AttestError at the first block that is missing, or is not what its header says
   */
  *blocks(chain: LedgerChain): Generator<Block, void> {
    const blocks = this.reader.query(
      `SELECT "index" AS height, ${blobSql("header_bytes", 512)} AS header, ${blobSql("nonce_bytes", 32)} AS nonce, ` +
        `${blobSql("seal_signature", 64)} AS signature, ${blobSql("consensus_bytes", consensusBytesMax)} AS section ` +
        `FROM main.blocks WHERE chain_id = ? ORDER BY "index"`,
      [chain.chainId],
    );
    const firstKey = chain.chainNumber * 2n ** 49n;
    const rows = this.reader.query(
      `SELECT block_id, position, ${blobSql("bytes", transactionBytesMax)} AS bytes FROM main.transactions ` +
        "WHERE transaction_key >= ? AND transaction_key < ? ORDER BY transaction_key",
      [firstKey, firstKey + 2n ** 49n],
    );
    let next = rows.next();
    let expected = 0;
    for (const row of blocks) {
      if (row.height !== BigInt(expected)) throw this.#gap(expected);
      const bodies: Uint8Array[] = [];
      while (!next.done && next.value.block_id === row.height && bodies.length <= blockTransactionsMax) {
        if (!(next.value.bytes instanceof Uint8Array))
          throw this.#broken(expected, "a transaction is no bytes");
        bodies.push(next.value.bytes);
        next = rows.next();
      }
      yield this.#blockOf(expected, row, bodies);
      expected += 1;
    }
    if (expected <= chain.cursorHeight) throw this.#gap(expected);
  }

  /** Where a transaction stands; the id is 64 hex digits. */
  heightOfTransaction(chain: LedgerChain, id: string): number | undefined {
    const sql = "SELECT block_id FROM main.transactions WHERE chain_id = ? AND id = ? LIMIT 1";
    const row = this.#reading(() => this.reader.lookUp(sql, [chain.chainId, id.toLowerCase()]));
    return heightIn(row?.block_id);
  }

  #blockOf(height: number, row: Row, transactions: readonly Uint8Array[]): Block {
    const { header, nonce, signature, section } = row;
    const parts = [header, nonce, signature, section];
    if (!parts.every((part) => part instanceof Uint8Array))
      throw this.#broken(height, "its bytes are not there");
    const decodedHeader = decode(HeaderType, header as Uint8Array, "header");
    if (!decodedHeader.ok) throw this.#broken(height, describeFault(decodedHeader.fault));
    const decodedSection = decode(ConsensusSectionType, section as Uint8Array, "consensus section");
    if (!decodedSection.ok) throw this.#broken(height, describeFault(decodedSection.fault));
    if ((nonce as Uint8Array).length !== 32) throw this.#broken(height, "its nonce has not 32 bytes");
    const bytes = BlockType.serialize({
      header: decodedHeader.value,
      seal: { nonce: nonce as Uint8Array, signature: signature as Uint8Array },
      consensusSection: decodedSection.value,
      transactions: [...transactions],
    });
    const decoded = decodeBlock(bytes);
    if (!decoded.ok) throw this.#broken(height, describeFault(decoded.fault));
    const block = decoded.value;
    if (block.header.height !== height)
      throw this.#broken(height, `its header says block ${block.header.height}`);
    if (
      block.transactions.length !== block.header.transactionCount ||
      !bytesEqual(transactionsRoot(block.transactions), block.header.transactionsRoot)
    ) {
      throw this.#broken(height, "its transactions are not those that its header commits to");
    }
    if (!bytesEqual(consensusRoot(block.consensusSection), block.header.consensusRoot)) {
      throw this.#broken(height, "its consensus section is not the one that its header commits to");
    }
    return block;
  }

  #chainOf(row: Row): LedgerChain {
    const bad = (why: string) => notALedger(this.file, `meta names a chain ${why}`);
    const { genesis_bytes: genesisBytes, chain_number: chainNumber } = row;
    if (!(genesisBytes instanceof Uint8Array)) throw bad("without its genesis spec");
    const spec = decodeGenesis(genesisBytes);
    if (!spec.ok) throw bad(`whose genesis spec is none: ${spec.fault.reason}`);
    if (typeof chainNumber !== "bigint" || chainNumber < 0n || chainNumber >= 2n ** 13n) {
      throw bad("whose number is none");
    }
    return {
      spec: spec.value,
      chainId: toHex(spec.value.chainId),
      genesisBytes,
      chainNumber,
      cursorHeight: heightIn(row.cursor_index) ?? 0,
      final: finalIn(row),
      finalCertificate: certificateIn(row.final_certificate),
    };
  }

  #reading<Value>(read: () => Value): Value {
    try {
      return read();
    } catch (thrown) {
      throw notALedger(this.file, toError(thrown).message, thrown);
    }
  }

  #gap(height: number): AttestError {
    return this.#broken(height, "the block is missing");
  }

  #broken(height: number, why: string): AttestError {
    return new AttestError(
      "attest/does-not-follow",
      `block ${height} of ${this.file} cannot be used: ${why}`,
      `aurex-node audit '${this.file}' says what is wrong with the ledger`,
    );
  }
}

function notALedger(file: string, why: string, cause?: unknown): AttestError {
  return new AttestError(
    "attest/not-a-ledger",
    `${file} is no ledger that can be read: ${visibleText(why)}`,
    "name a ledger that a node has written",
    { cause },
  );
}

/** A column's bytes if they are a BLOB of at most so many bytes, else NULL: a huge one is never read. */
function blobSql(column: string, bytesMax: number): string {
  return `CASE WHEN typeof(${column}) = 'blob' AND length(${column}) <= ${bytesMax} THEN ${column} END`;
}

function heightIn(value: Row[string] | undefined): number | undefined {
  return typeof value === "bigint" && value >= 0n && value <= 2n ** 53n - 1n ? Number(value) : undefined;
}

function finalIn(row: Row): LedgerChain["final"] {
  const height = heightIn(row.final_index);
  const hash = row.final_hash;
  return height !== undefined && typeof hash === "string" && /^[0-9a-f]{64}$/.test(hash)
    ? { height, hash }
    : undefined;
}

function certificateIn(value: Row[string] | undefined): Certificate | undefined {
  const decoded = value instanceof Uint8Array ? decode(CertificateType, value, "certificate") : undefined;
  return decoded?.ok ? decoded.value : undefined;
}
