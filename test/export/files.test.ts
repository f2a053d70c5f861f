/** A ledger as CSV, JSON lines and Parquet: the same rows as in SQLite, whole folders, and only what is new. */
import assert from "node:assert/strict";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import fc from "fast-check";
import { toHex } from "../../src/base/bytes.ts";
import type { ExportError } from "../../src/export/export-error.ts";
import { fileFormats } from "../../src/export/files/file-format.ts";
import type { ExportFilesOptions } from "../../src/export/files/files-request.ts";
import { issuedAssetId } from "../../src/protocol/transaction.ts";
import { SmallDisk } from "../support/small-disk.ts";
import {
  digestOfFiles,
  digestOfLedger,
  manifestOf,
  parseCsv,
  rowsOfFile,
  writeFiles,
} from "./file-readers.ts";
import { exportOnce, jobFor, temporaryFolder } from "./ledger-contents.ts";
import { issueAsset, keyOf, record, registerUser, SyntheticChain, transfer } from "./synthetic-chain.ts";

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
          const { chains } = await writeFiles(ledger, out, {
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
      numRuns: 6,
      examples: [["pow", [nastyTexts.map((text) => ({ kind: "record" as const, text }))], 2, false]],
    },
  );
});

/** Inode and time of each file, by its path in the folder. */
function filesIn(folder: string): Map<string, number> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return new Map(names.map((name) => [name, statSync(join(folder, name)).ino]));
}

function codeOf(code: string, why = /./) {
  return (thrown: ExportError) => {
    assert.equal(thrown.code, code, thrown.message);
    assert.match(thrown.why, why);
    assert.ok(thrown.what && thrown.next);
    return true;
  };
}

test("run again, a folder follows the chain: ranges that are the same stay, a reorganization replaces the others", async (context) => {
  const folder = await temporaryFolder(context);
  const [ledger, out] = [join(folder, "ledger.sqlite"), join(folder, "out")];
  const chain = new SyntheticChain("pow");
  const chainId = toHex(chain.spec.chainId);
  const job = jobFor(ledger, chain);
  context.after(() => job.close());
  const grow = (blocks: number, note: number) => {
    for (let count = 0; count < blocks; count += 1) {
      const { height } = chain.head.header;
      chain.append(keyOf(1), [chain.sign(keyOf(100), record(`${note}`), height)], note);
    }
  };
  grow(10, 0);
  await job.catchUp();
  assert.deepEqual(await writeFiles(ledger, out, { blocksPerFile: 4 }).then(({ filesKept }) => filesKept), 0);
  const before = filesIn(out);
  const unchanged = await writeFiles(ledger, out);
  // Users, assets and authority changes have their one file, blocks and transactions three each; block 0 has no transactions.
  assert.equal(unchanged.filesKept, 9);
  const steps: [rewindTo: number, blocks: number][] = [
    [10, 5],
    [13, 1],
    [6, 9],
  ];
  for (const [index, [height, blocks]] of steps.entries()) {
    chain.rewindTo(height);
    grow(blocks, index + 1);
    await job.catchUp();
    const report = await writeFiles(ledger, out);
    assert.ok(report.filesKept > 0);
    assert.equal(report.chains[0]?.head.height, chain.head.header.height);
    assert.equal(await digestOfFiles(out, chainId), digestOfLedger(ledger, chainId));
  }
  const first = join("blocks", `chain=${chainId}`, "from_block=000000000", "part.csv");
  const second = first.replace("from_block=000000000", "from_block=000000004");
  const after = filesIn(out);
  assert.equal(after.get(first), before.get(first));
  assert.notEqual(after.get(second), before.get(second));
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith(".")),
    [],
  );
  symlinkSync(out, join(folder, "link"));
  assert.equal((await writeFiles(ledger, join(folder, "link"))).folder, out);
  assert.ok(lstatSync(join(folder, "link")).isSymbolicLink());
  // A file that was cut off is written again.
  writeFileSync(join(out, first), "");
  await writeFiles(ledger, out);
  assert.equal(await digestOfFiles(out, chainId), digestOfLedger(ledger, chainId));
});

test("a part of the blocks has the digest of the whole ledger up to its end, and meta says what is there", async (context) => {
  const folder = await temporaryFolder(context);
  const [ledger, out] = [join(folder, "ledger.sqlite"), join(folder, "out")];
  const chain = chainOf(
    "poa",
    Array.from({ length: 9 }, () => [{ kind: "record" as const, text: "x" }]),
  );
  const chainId = toHex(chain.spec.chainId);
  chain.final = { height: 5, hash: (chain.canonical[5] as { hash: Uint8Array }).hash };
  await exportOnce(ledger, chain);
  const { chains } = await writeFiles(ledger, out, { from: 3, to: 7, blocksPerFile: 2, format: "jsonl" });
  const hashAt = (height: number) => chain.canonical[height]?.hashHex;
  assert.deepEqual(chains[0], {
    ...{ chainId, name: "test-poa", consensus: "poa", genesisHash: hashAt(0), from: 3 },
    head: { height: 7, hash: hashAt(7) },
    final: { height: 5, hash: hashAt(5) },
    contentDigest: digestOfLedger(ledger, chainId, 7),
  });
  const manifest = manifestOf(out);
  const part = manifest.parts.find(({ table }) => table === "meta");
  assert.ok(part);
  const [meta] = await rowsOfFile(out, manifest, part);
  assert.deepEqual([meta?.first_index, meta?.cursor_index, meta?.final_index], [3n, 7n, 5n]);
  assert.deepEqual(
    manifest.parts.filter(({ table }) => table === "blocks").map(({ from, to, rows }) => [from, to, rows]),
    [
      [3, 3, 1],
      [4, 5, 2],
      [6, 7, 2],
    ],
  );
  const final = await writeFiles(ledger, join(folder, "final"), { finalizedOnly: true });
  assert.equal(final.chains[0]?.head.height, 5);
  // Kept ranges give the digest to go on from: the same as of a whole reading.
  const grown = await writeFiles(ledger, join(folder, "final"));
  assert.equal(grown.chains[0]?.contentDigest, digestOfLedger(ledger, chainId));
});

test("what cannot be written is refused by name, and the folder stays as it was", async (context) => {
  const folder = await temporaryFolder(context);
  const [ledger, other, out] = [
    join(folder, "ledger.sqlite"),
    join(folder, "other.sqlite"),
    join(folder, "out"),
  ];
  await exportOnce(ledger, chainOf("pow", [[], []]));
  await exportOnce(other, chainOf("poa", [[]]));
  await writeFiles(ledger, out);
  const before = readFileSync(join(out, "manifest.json"), "utf8");
  const refused: [
    Partial<ExportFilesOptions> & { readonly in?: string; readonly of?: string },
    string,
    RegExp,
  ][] = [
    [{ format: "parquet" }, "export/exists", /files are csv/],
    [{ exactTexts: true }, "export/exists", /safe for spreadsheets/],
    [{ blocksPerFile: 5 }, "export/exists", /10000 blocks to a file/],
    [{ from: 1 }, "export/exists", /begin at 0/],
    [{ to: 1 }, "export/exists", /up to 2/],
    [{ to: 3 }, "export/source-incomplete", /up to block 2/],
    [{ finalizedOnly: true }, "export/source-incomplete", /no final block/],
    [{ of: other }, "export/exists", /this ledger does not/],
    [{ chain: "00" }, "export/source-incomplete", /its chains are/],
    [{ in: folder }, "export/exists", /ledger itself/],
    [{ in: ledger }, "export/exists", /ledger itself/],
    [{ in: join(ledger, "below") }, "export/cannot-open", /path is a file/],
    [{ in: "/proc/here" }, "export/", /./],
    [{ of: join(folder, "none.sqlite") }, "export/cannot-open", /no file/],
  ];
  for (const [{ in: target = out, of = ledger, ...options }, code, why] of refused) {
    await assert.rejects(writeFiles(of, target, options), (thrown: ExportError) => {
      assert.ok(thrown.code?.startsWith(code), `${JSON.stringify(options)}: ${thrown}`);
      return codeOf(thrown.code, why)(thrown);
    });
  }
  assert.equal(readFileSync(join(out, "manifest.json"), "utf8"), before);
  writeFileSync(join(out, "manifest.json"), "{}");
  await assert.rejects(writeFiles(ledger, out), codeOf("export/exists", /not one that this program writes/));
  await assert.rejects(writeFiles(ledger, out, { force: true }), codeOf("export/exists"));
  writeFileSync(join(out, "manifest.json"), before);
  await writeFiles(other, out, { force: true, format: "jsonl", chain: "test-poa" });
  assert.equal(manifestOf(out).chains[0]?.consensus, "poa");
  assert.ok(!existsSync(join(out, "blocks", `chain=${JSON.parse(before).chains[0].chainId}`)));
});

test("stopped in the middle, nothing is left behind; after a kill the next run mends what it finds", async (context) => {
  const folder = await temporaryFolder(context);
  const [ledger, out] = [join(folder, "ledger.sqlite"), join(folder, "out")];
  const chain = chainOf("pow", [[], [], []]);
  await exportOnce(ledger, chain);
  const stop = new AbortController();
  stop.abort();
  await assert.rejects(writeFiles(ledger, out, {}, stop.signal), { name: "ExportFilesStopped" });
  assert.deepEqual(readdirSync(folder), ["ledger.sqlite"]);
  await writeFiles(ledger, out);
  const digest = await digestOfFiles(out, toHex(chain.spec.chainId));
  // As of a process that was killed between its two renames; no process has this id.
  renameSync(out, join(folder, ".out.999999999.old"));
  mkdirSync(join(folder, ".out.999999999.partial"));
  const { filesKept } = await writeFiles(ledger, out);
  assert.ok(filesKept > 0);
  assert.equal(await digestOfFiles(out, toHex(chain.spec.chainId)), digest);
  assert.deepEqual(readdirSync(folder), ["ledger.sqlite", "out"]);
});

test("a spreadsheet finds no formula in a CSV file, and a program that takes the apostrophe away finds the text", async (context) => {
  const folder = await temporaryFolder(context);
  const ledger = join(folder, "ledger.sqlite");
  await exportOnce(ledger, chainOf("pow", [nastyTexts.map((text) => ({ kind: "record" as const, text }))]));
  const dataOf = async (out: string, exactTexts: boolean) => {
    await writeFiles(ledger, out, { exactTexts });
    const part = manifestOf(out).parts.find(({ table }) => table === "transactions");
    const [head, ...rows] = parseCsv(readFileSync(join(out, part?.path ?? ""), "utf8"));
    const cells = rows.flat().filter((cell) => cell !== undefined);
    return { cells, data: rows.map((row) => row[head?.indexOf("data") ?? 0]) };
  };
  const safe = await dataOf(join(folder, "safe"), false);
  const exact = await dataOf(join(folder, "exact"), true);
  assert.ok(safe.cells.every((cell) => !/^[=+\-@\t\r\n＝＋－＠]/.test(cell)));
  assert.ok(exact.cells.some((cell) => cell.startsWith("=cmd")));
  assert.deepEqual(
    safe.data.map((text) => text?.replace(/^'/, "")),
    exact.data,
  );
  assert.ok(exact.data.includes(""), "an empty text is no NULL");
});

test("a ledger that was changed by hand is refused, not written as if it were right", async (context) => {
  const folder = await temporaryFolder(context);
  const hostile: [sql: string, why: RegExp][] = [
    [`UPDATE blocks SET timestamp_ms = 'text' WHERE "index" = 1`, /timestamp_ms holds the string text/],
    ["UPDATE transactions SET id = x'00'", /id holds a BLOB/],
    [
      "UPDATE transactions SET fee_units = NULL, fee_units_large = '1; DROP'",
      /fee_units holds the string 1; DROP/,
    ],
    [`DELETE FROM blocks WHERE "index" = 1`, /no block 1/],
    ["UPDATE transactions SET block_id = 0", /counts 0 transactions, and 1 are there/],
    ["UPDATE meta SET chain_id = '../../../etc'", /names the chain/],
    ["UPDATE meta SET cursor_index = 9", /no block 3/],
    ["DROP TABLE users; CREATE VIEW users AS SELECT 1 AS name", /no table users/],
    ["UPDATE transactions SET data = zeroblob(100000000)", /too big/],
  ];
  for (const [index, [sql, why]] of hostile.entries()) {
    const ledger = join(folder, `${index}.sqlite`);
    await exportOnce(ledger, chainOf("pow", [[{ kind: "record", text: "x" }], []]));
    const db = new DatabaseSync(ledger, { enableForeignKeyConstraints: false });
    db.exec(`PRAGMA ignore_check_constraints = ON; ${sql}`);
    db.close();
    const out = join(folder, `${index}`);
    await assert.rejects(
      writeFiles(ledger, out),
      (thrown: ExportError) => {
        assert.match(thrown.why, why, sql);
        return thrown.next !== "";
      },
      sql,
    );
    assert.ok(!existsSync(out));
  }
});

test("a full disk is named, nothing is left on it, and the next run writes the folder", async (context) => {
  const disk = await SmallDisk.mount(context, 2);
  if (!disk) return context.skip(SmallDisk.skipReason);
  const ledger = join(await temporaryFolder(context), "ledger.sqlite");
  const chain = chainOf("pow", [[{ kind: "record", text: "x".repeat(1_000) }], []]);
  await exportOnce(ledger, chain);
  const out = join(disk.directory, "out");
  disk.fill();
  for (const format of fileFormats) {
    await assert.rejects(writeFiles(ledger, out, { format }), codeOf("export/disk-full", /no space/));
    assert.deepEqual(readdirSync(disk.directory), ["filler"]);
  }
  await disk.empty();
  await writeFiles(ledger, out);
  const before = await digestOfFiles(out, toHex(chain.spec.chainId));
  disk.fill();
  await assert.rejects(writeFiles(ledger, out), codeOf("export/disk-full"));
  assert.equal(await digestOfFiles(out, toHex(chain.spec.chainId)), before);
  disk.remount("ro");
  await assert.rejects(writeFiles(ledger, out), codeOf("export/read-only", /read-only/));
});
