/** The tables and columns that the content digest of a ledger covers: what follows from the chain, whichever file holds it. */

export type DigestTableName =
  | "meta"
  | "allocations"
  | "blocks"
  | "transactions"
  | "users"
  | "assets"
  | "authority_changes";

/**
 * Columns in their order in the data dictionary. Columns whose value depends on the file are not here: `transaction_key`,
 * the cursor, clocks.
 */
export const digestColumns: Readonly<Record<DigestTableName, readonly string[]>> = {
  meta: ["chain_id", "name", "consensus", "genesis_hash", "genesis_bytes", "reward_maturity_blocks"],
  allocations: ["chain_id", "account", ...amount("amount")],
  blocks: [
    ...["index", "timestamp", "data", "previous_hash", "nonce", "hash", "miner", "signer_id", "signature"],
    ...["chain_id", "timestamp_ms", "timestamp_iso", "producer", "transaction_count", "header_version"],
    ...["transactions_root", "state_root", "consensus_root", "consensus_state_hash", "target", "extra_data"],
    ...["cumulative_weight", ...amount("reward"), ...amount("fees")],
    ...["header_bytes", "nonce_bytes", "seal_signature", "consensus_bytes", "origin"],
  ],
  transactions: [
    ...["id", "from_user", "to_user", "amount", "timestamp", "block_id", "status", "chain_id", "position"],
    ...["kind", "from_account", "to_account", "asset_id", "decimals", ...amount("amount"), ...amount("fee")],
    ...["sequence", "valid_until", "timestamp_ms", "data", "bytes", "signature", "origin"],
  ],
  users: ["name", "account", "registered_in", "registered_at_ms", "transaction_id", "chain_id", "origin"],
  assets: [
    ...[
      "asset_id",
      "symbol",
      "name",
      "decimals",
      ...amount("supply"),
      "issuer",
      "issuer_account",
      "metadata",
    ],
    ...["issued_in", "issued_at_ms", "chain_id", "origin"],
  ],
  authority_changes: ["chain_id", "block_id", "account", "node_id", "change", "origin"],
};

function amount(prefix: string): readonly string[] {
  return [`${prefix}_units`, `${prefix}_units_large`, `${prefix}_text`];
}
