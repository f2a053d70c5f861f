/** The SQL ledger as a download: whole and of one moment, one at a time, and nothing of it left behind. */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import http from "node:http";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import { testSpec } from "../chain/block-builder.ts";
import { fileContents, jobFor, temporaryFolder } from "../export/ledger-contents.ts";
import { longChain } from "../export/long-chain.ts";
import { until } from "../support/patience.ts";
import { type ChainApi, openChainApi } from "./open-chain-api.ts";

interface Rig {
  readonly api: ChainApi;
  readonly folder: string;
  readonly ledger: string;
  readonly copies: string;
  readonly height: number;
}

/** @param options.bulk some megabytes, more than a connection takes without a reader */
async function openRig(context: TestContext, { reserveBytes = 0, bulk = false } = {}): Promise<Rig> {
  const folder = await temporaryFolder(context);
  const ledger = join(folder, "ledger.sqlite");
  const chain = longChain();
  const job = jobFor(ledger, chain);
  await job.catchUp();
  context.after(() => job.close());
  if (bulk) fill(ledger);
  const copies = join(folder, "downloads");
  mkdirSync(copies);
  writeFileSync(join(copies, ".ledger-1-1.sqlite.1.partial"), "what a killed process left");
  const api = await openChainApi(testSpec("poa"), {
    sqlLedger: { file: ledger, copiesDirectory: copies, reserveBytes },
  });
  context.after(() => api[Symbol.asyncDispose]());
  return { api, folder, ledger, copies, height: chain.head.header.height };
}

/** Twenty megabytes that are nobody's rows. */
function fill(ledger: string): void {
  const db = new DatabaseSync(ledger);
  db.exec(
    "CREATE TABLE bulk AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT randomblob(4000) AS bytes FROM n",
  );
  db.close();
}

const filesIn = (directory: string) => {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
};

test("GET /v1/export sends a copy that is the ledger of the height it names, and leaves nothing", async (context) => {
  const { api, folder, ledger, copies, height } = await openRig(context);
  assert.deepEqual(filesIn(copies), []);
  const response = await fetch(`${api.url}/v1/export`);
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "application/vnd.sqlite3");
  assert.equal(response.headers.get("aurex-ledger-height"), String(height));
  assert.match(
    response.headers.get("content-disposition") ?? "",
    /^attachment; filename="aurex-\d+\.sqlite"$/,
  );
  assert.equal(response.headers.get("cache-control"), "no-store");
  const bytes = Buffer.from(await response.arrayBuffer());
  assert.equal(response.headers.get("content-length"), String(bytes.length));
  const copy = join(folder, "copy.sqlite");
  await writeFile(copy, bytes);
  assert.deepEqual(fileContents(copy), fileContents(ledger));
  // Journal mode DELETE: it opens where nothing can be written beside it.
  assert.equal((await readFile(copy)).readUInt8(18), 1);
  assert.deepEqual(filesIn(copies), []);
  const head = await fetch(`${api.url}/v1/export`, { method: "HEAD" });
  assert.equal(head.status, 405);
});

test("a second download of one caller is refused while the first is read, and taken once that has gone", async (context) => {
  const { api, copies } = await openRig(context, { bulk: true });
  const request = http.get(`${api.url}/v1/export`);
  const response = await new Promise<http.IncomingMessage>((resolve) => request.once("response", resolve));
  assert.equal(response.statusCode, 200);
  // Nobody reads: the connection's buffers are full, and the copy stays open. Its file has no name any more.
  response.pause();
  assert.deepEqual(filesIn(copies), []);
  const refused = await api.refused("/v1/export");
  assert.deepEqual([refused.status, refused.code], [429, "export/running"]);
  request.destroy();
  const taken = await until("the place is free", async () => {
    const again = await fetch(`${api.url}/v1/export`);
    const body = await again.arrayBuffer();
    return again.status === 200 ? body : undefined;
  });
  assert.equal(Buffer.from(taken).subarray(0, 15).toString(), "SQLite format 3");
  await until("nothing is left", () => filesIn(copies).length === 0);
});

test("a caller that goes away while its copy is written frees its place, and nothing is left", async (context) => {
  const { api, copies } = await openRig(context, { bulk: true });
  for (let round = 0; round < 5; round += 1) {
    let isAnswered = false;
    const request = http.get(`${api.url}/v1/export`, () => {
      isAnswered = true;
    });
    request.on("error", () => undefined);
    // A copy may be whole, and its file without a name, between two looks.
    await until("the copy begins", () => isAnswered || filesIn(copies).length > 0, { pollMs: 1 });
    request.destroy();
    await until("nothing is left", () => filesIn(copies).length === 0);
  }
  await until("the place is free", async () => {
    const again = await fetch(`${api.url}/v1/export`);
    await again.arrayBuffer();
    return again.status === 200;
  });
});

test("a disk without room, a ledger that is gone and a node without one are named", async (context) => {
  const { api } = await openRig(context, { reserveBytes: 2 ** 60 });
  const full = await api.refused("/v1/export");
  assert.deepEqual([full.status, full.code], [503, "export/disk-full"]);
  assert.equal(full.details?.reserveBytes, 2 ** 60);
  // The place is free again: the same answer, not "running".
  assert.equal((await api.refused("/v1/export")).code, "export/disk-full");
  await using without = await openChainApi(testSpec("poa"));
  assert.deepEqual((await without.refused("/v1/export")).code, "export/not-configured");
  const folder = await temporaryFolder(context);
  const gone = {
    file: join(folder, "gone.sqlite"),
    copiesDirectory: join(folder, "copies"),
    reserveBytes: 0,
  };
  await using absent = await openChainApi(testSpec("poa"), { sqlLedger: gone });
  const missing = await absent.refused("/v1/export");
  assert.deepEqual([missing.status, missing.code], [503, "export/cannot-open"]);
});
