/** A ledger as CSV, JSON lines and Parquet: the same rows as in SQLite, whole folders, and only what is new. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import fc from "fast-check";
import { ContentDigest } from "../../src/audit/content-digest.ts";
import { ledgerDigests } from "../../src/audit/ledger-digest.ts";
import { toHex } from "../../src/base/bytes.ts";
import type { ExportError } from "../../src/export/export-error.ts";
import { type ExportFilesOptions, exportFiles } from "../../src/export/files/export-files.ts";
import { fileFormats } from "../../src/export/files/manifest.ts";
import { issuedAssetId } from "../../src/protocol/transaction.ts";
import { digestOfFiles, manifestOf, parseCsv, rowsOfFile } from "./file-readers.ts";
import { exportOnce, jobFor, temporaryFolder } from "./ledger-contents.ts";
import { issueAsset, keyOf, record, registerUser, SyntheticChain, transfer } from "./synthetic-chain.ts";

const digester = {
  begin: (...genesis: ConstructorParameters<typeof ContentDigest>) => new ContentDigest(...genesis),
  after: (digest: Uint8Array) => new ContentDigest(digest),
};

function write(
  ledger: string,
  folder: string,
  options: Partial<ExportFilesOptions> = {},
  signal?: AbortSignal,
) {
  return exportFiles({ ledger, folder, format: "csv", ...options }, { digester, signal });
}

function digestOfLedger(file: string, chainId: string, at?: number): string {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    const all = [...ledgerDigests(db, chainId)];
    return toHex((all.find(({ height }) => height === at) ?? all.at(-1))?.digest ?? new Uint8Array());
  } finally {
    db.close();
  }
}

/** What programs that read texts stumble over. */
const nastyTexts = [
  "",
  "plain",
  '=cmd|"/c calc"!A0',
  "+1",
  "-1",
  "@SUM(A1)",
  "\t=1",
  "\r\n",
  "'quoted",
  "''",
  '"',
  'a,"b"\r\n"c",',
  " leading and trailing ",
  "😀 \u{10ffff} \u2028 \ufeff",
  "NULL",
  "\\N",
  "null",
  "nul\0byte",
  "0x00",
  "＝1",
  "1e999",
  "NaN",
];

const someText = fc.oneof(fc.constantFrom(...nastyTexts), fc.string({ unit: "binary", maxLength: 20 }));
const uint64 = fc.oneof(
  fc.constantFrom(0n, 1n, 2n ** 53n + 1n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
);

const someBlock = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("record" as const), text: someText }),
    fc.record({ kind: fc.constant("transfer" as const), text: someText, units: uint64, fee: uint64 }),
    fc.record({
      kind: fc.constant("issue" as const),
      units: uint64,
      decimals: fc.integer({ min: 0, max: 18 }),
    }),
    fc.record({ kind: fc.constant("register" as const), name: fc.stringMatching(/^[a-z]{1,12}$/) }),
  ),
  { maxLength: 6 },
);

type Step = (typeof someBlock extends fc.Arbitrary<infer Steps> ? Steps : never)[number];

/** A chain of whatever transactions; the exporter does not ask whether they are covered. */
function chainOf(consensus: "pow" | "poa", blocks: readonly (readonly Step[])[]): SyntheticChain {
  const chain = new SyntheticChain(consensus);
  let sequence = 0;
  let issued: Uint8Array | undefined;
  const names = new Set<string>();
  for (const steps of blocks) {
    const transactions = steps.flatMap((step) => {
      sequence += 1;
      // A key of its own for each name, as an account bears one at most.
      const sender = step.kind === "register" ? keyOf(1_000 + sequence) : keyOf(100);
      if (step.kind === "register" && names.has(step.name)) return [];
      if (step.kind === "register") names.add(step.name);
      const fee = step.kind === "transfer" ? step.fee : 0n;
      const signed = chain.sign(sender, payloadOf(step, issued), sequence, fee);
      if (step.kind === "issue") issued = issuedAssetId(signed);
      return [signed];
    });
    chain.append(keyOf(1), transactions);
  }
  return chain;
}

function payloadOf(step: Step, issued: Uint8Array | undefined) {
  switch (step.kind) {
    case "record":
      return record(step.text);
    case "transfer":
      return transfer(keyOf(101), step.units, step.text, issued);
    case "issue":
      return issueAsset("ZED", step.decimals, step.units);
    case "register":
      return registerUser(`${step.name}@example.com`);
  }
}

test("rows that are read back from files have the content digest of the ledger, whatever texts and amounts", async (context) => {
  const folder = await temporaryFolder(context);
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("pow" as const, "poa" as const),
      fc.array(someBlock, { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 1, max: 4 }),
      fc.boolean(),
      async (consensus, blocks, blocksPerFile, exactTexts) => {
        run += 1;
        const ledger = join(folder, `${run}.sqlite`);
        const chain = chainOf(consensus, blocks);
        const chainId = toHex(chain.spec.chainId);
        await exportOnce(ledger, chain);
        const wanted = digestOfLedger(ledger, chainId);
        for (const format of fileFormats) {
          const out = join(folder, `${run}-${format}`);
          const { chains } = await write(ledger, out, {
            format,
            blocksPerFile,
            exactTexts: exactTexts && format === "csv",
          });
          assert.equal(chains[0]?.contentDigest, wanted, format);
          assert.equal(await digestOfFiles(out, chainId), wanted, format);
        }
      },
    ),
    {
      numRuns: 12,
      examples: [["pow", [nastyTexts.map((text) => ({ kind: "record" as const, text }))], 2, false]],
    },
  );
});
