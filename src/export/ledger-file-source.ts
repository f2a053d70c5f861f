/** A chain read from a ledger file, for whoever writes the same rows elsewhere: the file has every byte of its blocks. */
import type { DatabaseSync, SQLOutputValue, StatementSync } from "node:sqlite";
import { fromHex, toHex } from "../base/bytes.ts";
import { invariant } from "../base/invariant.ts";
import type { AuthorityChange } from "../consensus/engine.ts";
import { type Block, decodeBlock, type Header, HeaderType } from "../protocol/block.ts";
import { type Certificate, CertificateType } from "../protocol/certificate.ts";
import type { Checkpoint } from "../protocol/checkpoint.ts";
import { type ChainSpec, decodeGenesis } from "../protocol/genesis.ts";
import { publicKeyOfAddress } from "../protocol/identity.ts";
import { type NodeRecord, NodeRecordType, nodeRecordBytesMax } from "../protocol/node-record.ts";
import { ExportError, notALedger } from "./export-error.ts";
import { openLedgerFile } from "./ledger-file.ts";
import type { LedgerSource } from "./ledger-source.ts";
import type { PoolRow } from "./pool-rows.ts";
import { storedBlockBytes } from "./stored-block.ts";
import { loadUnits } from "./units.ts";

type FileRow = Record<string, SQLOutputValue>;

/** One moment of one chain of a file: all is read in one read transaction, which ends with `close`. */
export class LedgerFileSource implements LedgerSource {
  readonly spec: ChainSpec;
  readonly head: { readonly header: Header };
  readonly final: Checkpoint | undefined;
  readonly #finalCertificate: Certificate | undefined;
  readonly #db: DatabaseSync;
  readonly #chainId: string;
  readonly #blockAt: StatementSync;
  readonly #blockOf: StatementSync;
  readonly #bodyOf: StatementSync;
  readonly #changesOf: StatementSync;
  /** Each block is asked for by its hash right after that was looked up. */
  #lastRow: FileRow | undefined;

  /**
   * @param chainId hex; may be left out if the file holds one chain
   * @throws ExportError if the file is no whole ledger, or does not hold that chain
   */
  constructor(file: string, chainId?: string) {
    this.#db = openLedgerFile(file, { readOnly: true });
    try {
      this.#db.exec("BEGIN");
      const meta = this.#metaOf(file, chainId);
      this.#chainId = String(meta.chain_id);
      const genesis = decodeGenesis(asBytes(meta.genesis_bytes));
      if (!genesis.ok) throw notALedger(file, "its meta.genesis_bytes do not decode");
      this.spec = genesis.value;
      this.#blockAt = this.#prepare(`SELECT * FROM blocks WHERE chain_id = ? AND "index" = ?`);
      this.#blockOf = this.#prepare("SELECT * FROM blocks WHERE hash = ? AND chain_id = ?");
      this.#bodyOf = this.#prepare(
        "SELECT bytes FROM transactions WHERE chain_id = ? AND block_id = ? ORDER BY position",
      );
      this.#changesOf = this.#prepare(
        "SELECT account, change FROM authority_changes WHERE chain_id = ? AND block_id = ?",
      );
      const last = this.#row(Number(meta.cursor_index));
      if (!last) throw notALedger(file, `block ${Number(meta.cursor_index)}, its last one, has no row`);
      this.head = { header: HeaderType.deserialize(asBytes(last.header_bytes)) };
      const hash = fromHex(String(meta.final_hash), 32);
      this.final = hash ? { height: Number(meta.final_index), hash } : undefined;
      this.#finalCertificate =
        meta.final_certificate instanceof Uint8Array
          ? CertificateType.deserialize(asBytes(meta.final_certificate))
          : undefined;
    } catch (thrown) {
      this.#db.close();
      throw thrown;
    }
  }

  finalCertificate(): Certificate | undefined {
    return this.#finalCertificate;
  }

  #metaOf(file: string, chainId: string | undefined): FileRow {
    const all = this.#prepare("SELECT * FROM meta ORDER BY chain_number").all();
    const found = chainId === undefined ? all : all.filter((row) => row.chain_id === chainId);
    const [meta] = found;
    if (found.length === 1 && meta) {
      if (Number(meta.first_index) === 0) return meta;
      throw new ExportError(
        "export/excerpt",
        `${file} cannot be written elsewhere`,
        `it is an excerpt that begins with block ${Number(meta.first_index)}`,
        "name a whole ledger",
      );
    }
    const ids = all.map((row) => `${String(row.chain_id)} (${String(row.name)})`).join(", ");
    throw new ExportError(
      "export/not-a-ledger",
      chainId === undefined
        ? `${file} does not say which chain is meant`
        : `${file} does not hold ${chainId}`,
      ids === "" ? "it holds no chain yet" : `it holds ${ids}`,
      "name one of its chains with --chain ID",
    );
  }

  #prepare(sql: string): StatementSync {
    const statement = this.#db.prepare(sql);
    statement.setReadBigInts(true);
    return statement;
  }

  #row(height: number): FileRow | undefined {
    if (Number(this.#lastRow?.index ?? -1) !== height)
      this.#lastRow = this.#blockAt.get(this.#chainId, height);
    return this.#lastRow;
  }

  #rowOf(hash: Uint8Array): FileRow | undefined {
    const hex = toHex(hash);
    if (this.#lastRow?.hash !== hex) this.#lastRow = this.#blockOf.get(hex, this.#chainId);
    return this.#lastRow;
  }

  hashAtHeight(height: number): Uint8Array | undefined {
    const row = this.#row(height);
    return row && fromHex(String(row.hash), 32);
  }

  blockBytes(hash: Uint8Array): Uint8Array | undefined {
    const row = this.#rowOf(hash);
    if (!row) return undefined;
    return storedBlockBytes(row, this.#bodyOf.all(this.#chainId, Number(row.index)), asBytes);
  }

  block(hash: Uint8Array): Block | undefined {
    const bytes = this.blockBytes(hash);
    const decoded = bytes && decodeBlock(bytes);
    return decoded?.ok ? decoded.value : undefined;
  }

  headerOf(hash: Uint8Array): { cumulativeWeight: bigint; header: Header } | undefined {
    const row = this.#rowOf(hash);
    if (!row || row.cumulative_weight === null) return undefined;
    return {
      cumulativeWeight: BigInt(String(row.cumulative_weight)),
      header: HeaderType.deserialize(asBytes(row.header_bytes)),
    };
  }

  authorityChanges({ header }: Pick<Block, "header">): readonly AuthorityChange[] {
    return this.#changesOf.all(this.#chainId, header.height).map(({ account, change }) => {
      const authority = publicKeyOfAddress(String(account));
      invariant(authority, "an authority's address");
      return { authority, change: String(change) as AuthorityChange["change"] };
    });
  }

  /** What nodes of this chain said of themselves; a record that does not decode is left out. */
  nodeRecords(): NodeRecord[] {
    const rows = this.#prepare("SELECT record_bytes FROM nodes WHERE chain_id = ?").all(this.#chainId);
    return rows.flatMap(({ record_bytes }) => {
      const bytes = asBytes(record_bytes);
      if (bytes.length > nodeRecordBytesMax) return [];
      try {
        return [NodeRecordType.deserialize(bytes)];
      } catch {
        return [];
      }
    });
  }

  /** The books of pools, as they were recorded. */
  poolRows(): PoolRow[] {
    const rows = this.#prepare("SELECT * FROM mining_pool WHERE chain_id = ? AND pool <> 'solo'").all(
      this.#chainId,
    );
    return rows.flatMap((row) => {
      const [poolAccount, member] = [
        publicKeyOfAddress(String(row.pool)),
        publicKeyOfAddress(String(row.member)),
      ];
      if (!poolAccount || !member) return [];
      return {
        poolAccount,
        member,
        sharesAccepted: Number(row.shares_accepted),
        sharesRejected: Number(row.shares_rejected),
        hashesPerSecond: Number(row.hash_rate),
        blocksFound: Number(row.blocks_found),
        dueUnits: loadUnits(row.rewards_due_units, row.rewards_due_units_large),
        paidUnits: loadUnits(row.rewards_paid_units, row.rewards_paid_units_large),
        payoutTransaction: row.payout_transaction === null ? null : String(row.payout_transaction),
      };
    });
  }

  close(): void {
    this.#db.close();
  }
}

function asBytes(value: SQLOutputValue | undefined): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new ExportError(
    "export/corrupt",
    "the ledger file cannot be read",
    "a column that holds bytes holds something else",
    "see what else does not hold: aurex-node audit FILE; or take another copy of the ledger",
  );
}
