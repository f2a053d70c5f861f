/** A chain's row of the table `meta`: how far the rows of this chain have come, in any database. */
import { toHex } from "../base/bytes.ts";
import { type ChainSpec, GenesisType } from "../protocol/genesis.ts";
import type { Row } from "./rows.ts";

export interface Cursor {
  readonly index: number;
  /** Hex. */
  readonly hash: string;
}

export interface ChainMeta {
  readonly chainNumber: number;
  readonly genesisHash: string;
  readonly cursor: Cursor;
  /** The highest block of the file that is final; undefined where none was known to be. */
  readonly final: Cursor | undefined;
  /** Whether the file has the certificate that makes `final` final. */
  readonly hasCertificate: boolean;
  /** The first block with rows: above 0 in an excerpt. */
  readonly firstHeight: number;
}

export function chainMetaOf(row: Readonly<Record<string, unknown>>, hasCertificate: boolean): ChainMeta {
  return {
    chainNumber: Number(row.chain_number),
    genesisHash: String(row.genesis_hash),
    cursor: { index: Number(row.cursor_index), hash: String(row.cursor_hash) },
    final:
      row.final_index === null ? undefined : { index: Number(row.final_index), hash: String(row.final_hash) },
    hasCertificate,
    firstHeight: Number(row.first_index),
  };
}

/** The row of a chain that begins with its genesis block. */
export function firstMetaRow(
  { name, consensus, chainId, genesis }: ChainSpec,
  begun: Pick<ChainMeta, "chainNumber" | "genesisHash" | "firstHeight"> & { readonly nowMs: number },
): Row {
  return {
    chain_id: toHex(chainId),
    name,
    consensus,
    genesis_hash: begun.genesisHash,
    genesis_bytes: GenesisType.serialize(genesis),
    reward_maturity_blocks: genesis.rewardMaturityBlocks,
    chain_number: begun.chainNumber,
    first_index: begun.firstHeight,
    cursor_index: 0,
    cursor_hash: begun.genesisHash,
    final_index: null,
    final_hash: null,
    final_certificate: null,
    updated_at_ms: begun.nowMs,
  };
}
