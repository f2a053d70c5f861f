/** The CSV file of an account as the page makes it: whole, begun anew after a reorganization, and stopped when it is to stop. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { addressOf } from "../../src/protocol/identity.ts";
import { accountCsv, type CsvProgress, csvFileName } from "../../src/web/pages/account/csv-file.ts";
import { alice, BlockBuilder, bob, testSpec } from "../chain/block-builder.ts";
import { sent } from "../http/account-trunk.ts";
import { openApiRig } from "../http/api-rig.ts";

const addressOfBob = addressOf(bob.publicKey);
const ignored = () => {};

describe("the CSV file of an account", () => {
  it("has the whole history, and begins anew if a reorganization undoes what was read", async (t) => {
    const builder = new BlockBuilder(testSpec("pow"));
    const rig = await openApiRig({ spec: builder.spec });
    t.after(() => rig.close());
    const give = async (...blocks: { readonly block: Parameters<typeof rig.chain.importBlock>[0] }[]) => {
      for (const { block } of blocks) assert.ok((await rig.chain.importBlock(block)).ok);
    };
    let sequence = 0;
    const payments = (count: number) =>
      Array.from({ length: count }, () => builder.sign(alice, sequence++, sent(bob, 5n)));
    const first = builder.on(builder.genesis, { transactions: payments(80) });
    const left = builder.on(first, { transactions: payments(40) });
    sequence = 80;
    const joined = builder.on(first, { transactions: payments(30), laterMs: 1 });
    const top = builder.on(joined, { transactions: payments(1) });
    await give(first, left);
    const progress: CsvProgress[] = [];
    let calls = 0;
    const api = {
      // The first page ends within the block that leaves.
      call: (async (...input: Parameters<typeof rig.client.call>) => {
        calls += 1;
        if (calls === 2) await give(joined, top);
        return rig.client.call(...input);
      }) as typeof rig.client.call,
    };
    const { signal } = new AbortController();
    const file = await accountCsv(api, addressOfBob, { signal, onProgress: (now) => progress.push(now) });
    const lines = (await file.text()).trimEnd().split("\n");
    assert.equal(lines.length, 1 + 111);
    assert.equal(lines.filter((line) => line.includes(left.block.hashHex)).length, 0);
    assert.equal(new Set(lines.map((line) => line.split(",")[12])).size, 112);
    // The balance runs: each line adds its amount to the one before.
    assert.equal(lines.at(-1)?.split(",")[10], "0.00000555");
    const balances = lines.slice(1).map((line) => Number(line.split(",")[10]));
    assert.ok(balances.every((balance, index) => index === 0 || balance > (balances[index - 1] as number)));
    assert.deepEqual(
      progress.map(({ items }) => items),
      [100, 100, 111],
    );
    assert.equal(progress.at(-1)?.of, 111);
    assert.match(file.type, /^text\/csv/);
  });

  it("stops when it is to stop", async (t) => {
    const rig = await openApiRig();
    t.after(() => rig.close());
    const over = new AbortController();
    over.abort(new Error("the reader has seen enough"));
    await assert.rejects(
      accountCsv(rig.client, addressOfBob, { signal: over.signal, onProgress: ignored }),
      /seen enough/,
    );
  });

  it("has a name that every file system takes", () => {
    assert.equal(csvFileName(addressOfBob), `aurex-${addressOfBob}.csv`);
    assert.equal(csvFileName("../../etc/passwd\u202e\n"), "aurex-.._.._etc_passwd__.csv");
    assert.ok(csvFileName("x".repeat(500)).length < 100);
  });
});
