/** The queries that README and docs/auditing.md print run as they stand in the sqlite3 shell, in DuckDB and in pandas, with the same answers. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { folderUntilEnd } from "../support/temporary-folder.ts";
import { writeAuditStory } from "./audit-story.ts";
import { ledgerInDuckDb } from "./ledger-elsewhere.ts";

const page = readFileSync(new URL("../../docs/auditing.md", import.meta.url), "utf8");
const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
const queries = [...blocksOf("sql"), ...blocksOf("sql", readme)].flatMap((block) =>
  block.split(/;$/m).filter((statement) => statement.trim() !== ""),
);
const [fieldEnd, rowEnd] = ["\u001f", "\u001e"];

function blocksOf(language: string, text = page): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.+?)^\`\`\``, "gms"))].map(
    (match) => match[1] as string,
  );
}

/** Why a test of a program is skipped; false if it is there. */
function missing(program: string, ...args: string[]): string | false {
  const tried = spawnSync(program, args);
  return tried.status === 0 ? false : `${program} ${args.join(" ")} does not run here`;
}

let file: string;
before(async () => {
  file = join(await folderUntilEnd("aurex-questions-"), "ledger.sqlite");
  await writeAuditStory(file);
});

function inShell(query: string, before = ""): string[][] {
  const args = ["-readonly", "-separator", fieldEnd, "-newline", rowEnd, file, before + query];
  const rows = execFileSync("sqlite3", args, { encoding: "utf8" }).split(rowEnd).slice(0, -1);
  return rows.map((row) => row.split(fieldEnd));
}

const noShell = missing("sqlite3", "--version");
test("in the sqlite3 shell every question has an answer", { skip: noShell }, () => {
  assert.ok(queries.length >= 27);
  for (const query of queries) assert.ok(inShell(query).length > 0, query);
  const balance = inShell(queries[1] as string);
  assert.deepEqual(balance[0]?.[2], "4999998949999993");
});

test("each answer has one order: no row could as well stand before another one", { skip: noShell }, () => {
  for (const query of queries) {
    assert.deepEqual(inShell(query, "PRAGMA reverse_unordered_selects = ON; "), inShell(query), query);
  }
});

test("DuckDB gives the same answers to the same texts", { skip: noShell }, async () => {
  const duck = await ledgerInDuckDb(file);
  for (const query of queries) {
    const result = await duck.runAndReadAll(query);
    const rows = result.getRows().map((row) => row.map((value) => (value === null ? "" : String(value))));
    assert.deepEqual(rows, inShell(query), query);
  }
  duck.closeSync();
});

const noPandas = missing("python3", "-c", "import pandas; assert int(pandas.__version__.split('.')[0]) >= 2");
test("pandas gives the same answers to the same texts, exact where there are NULLs", {
  skip: noShell || noPandas,
}, () => {
  const script = fileURLToPath(new URL("./run-in-pandas.py", import.meta.url));
  const answers = JSON.parse(
    execFileSync("python3", [script, file], { encoding: "utf8", input: JSON.stringify(queries) }),
  ) as string[][][];
  for (const [index, query] of queries.entries()) assert.deepEqual(answers[index], inShell(query), query);
  const output = execFileSync("python3", ["-c", blocksOf("python")[0] as string], {
    encoding: "utf8",
    cwd: dirname(file),
  });
  assert.match(output, /AUR +\d+/);
});

test("the shell's line runs as printed", { skip: noShell }, () => {
  const [line] = blocksOf("sh").filter((block) => block.startsWith("sqlite3"));
  const output = execFileSync("sh", ["-c", line as string], { encoding: "utf8", cwd: dirname(file) });
  assert.match(output, /^day,symbol,volume_text\n.*2024-01-14,AUR,10\.50000000/s);
});
