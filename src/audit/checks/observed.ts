/** Check 10: what nodes said of themselves is signed by them; what nothing can verify is counted and said. */
import { toHex } from "../../base/bytes.ts";
import { engineNumbers } from "../../protocol/genesis.ts";
import { nodeIdOf } from "../../protocol/identity.ts";
import {
  type NodeRecord,
  nodeRecordBytesMax,
  nodeRoles,
  openNodeRecord,
} from "../../protocol/node-record.ts";
import type { CheckReport } from "../chain-check.ts";
import { shownText } from "../finding.ts";
import type { Row } from "../ledger-block.ts";
import type { LedgerReader } from "../ledger-reader.ts";
import { nameOfNumber, textOf } from "../readable-value.ts";
import type { Rebuilt } from "../rebuilt-rows.ts";
import { compareRow } from "../row-comparison.ts";

export interface ObservedScope {
  /** Hex. */
  readonly chainId: string;
  /** Nodes of chains that the file does not hold are judged with this one. */
  readonly withStrangers: boolean;
}

export function* checkObserved(
  { chainId, withStrangers }: ObservedScope,
  reader: LedgerReader,
  report: CheckReport,
): Generator<void> {
  let nodes = 0;
  const strangers = withStrangers ? " OR chain_id NOT IN (SELECT chain_id FROM main.meta)" : "";
  const canRead = reader.has("nodes", ["chain_id", "record_bytes"]) && reader.has("meta", ["chain_id"]);
  const rows = canRead
    ? reader.rows("nodes", { where: `chain_id = ?${strangers}`, parameters: [chainId] })
    : [];
  for (const row of rows) {
    nodes += 1;
    report.looked(1);
    checkNode(row, report);
    yield;
  }
  if (nodes > 0) {
    report.note(
      `${nodes} of nodes: each record is signed by its node; when the export saw it (first_seen_ms, last_seen_ms), and whether what a node says of itself is true, nothing can verify`,
    );
  }
  for (const [table, where, what] of unverifiable) {
    if (!reader.has(table, ["chain_id", "origin"])) continue;
    const count = reader.count(table, `chain_id = ? AND ${where}`, [chainId]);
    report.looked(count);
    if (count > 0) report.note(`${count} of ${table} ${what}`);
  }
}

const unverifiable: readonly (readonly [table: string, where: string, what: string])[] = [
  [
    "mining_pool",
    "origin = 'observed'",
    "are a pool's own books: shares and hash rates nothing can verify; whether payments are on the chain, check 9 says",
  ],
];

function checkNode(row: Row, report: CheckReport): void {
  const name = `node ${shownText(String(row.node_id))}`;
  const bytes = row.record_bytes;
  const opened =
    bytes instanceof Uint8Array && bytes.length <= nodeRecordBytesMax ? openNodeRecord(bytes) : undefined;
  if (!opened?.ok) {
    report.finding({
      ...{ table: "nodes", row: name, column: "record_bytes", expected: "a record that its node signed" },
      found: opened ? opened.fault.code : bytes,
      meaning: "no node has signed this: the row was forged or changed",
    });
    return;
  }
  compareRow(
    row,
    rebuiltNode(opened.value),
    {
      ...{ table: "nodes", row: name },
      meaning: (column) => `${column} is not what the node signed: the row was changed`,
    },
    report,
  );
  const [first, last] = [row.first_seen_ms, row.last_seen_ms];
  const isInOrder = typeof first === "bigint" && typeof last === "bigint" && first <= last;
  if (isInOrder) return;
  report.finding({
    ...{
      table: "nodes",
      row: name,
      column: "first_seen_ms",
      expected: "a time not after last_seen_ms",
      found: first,
    },
    meaning: "the export cannot have seen the node for the first time after the last",
  });
}

function rebuiltNode(record: NodeRecord): Rebuilt {
  const addresses = record.addresses.map(textOf);
  const first = addresses[0] ?? "";
  const place = /^\/(?:ip4|ip6|dns|dns4|dns6)\/([^/]+)\/tcp\/(\d{1,5})(?:\/|$)/.exec(first);
  return {
    node_id: nodeIdOf(record.publicKey),
    name: textOf(record.name),
    host: place ? (place[1] ?? null) : null,
    port: place ? BigInt(place[2] ?? 0) : null,
    addresses: JSON.stringify(addresses),
    engine: nameOfNumber(engineNumbers, record.engine),
    role: nameOfNumber(nodeRoles, record.role),
    height: BigInt(record.height),
    version: textOf(record.software),
    record_timestamp_ms: BigInt(record.timestampMs),
    chain_id: toHex(record.chainId),
    origin: "observed",
  };
}
