/** Accounts and their histories as the API shows them: over real chains that grow and are reorganized. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type {
  AccountAnswer,
  AccountAssetsPage,
  AccountPendingPage,
  HistoryItem,
  HistoryPage,
  NextSequence,
} from "../../src/api/accounts.ts";
import { toHex } from "../../src/base/bytes.ts";
import type { KeyPair } from "../../src/protocol/signing.ts";
import {
  alice,
  BlockBuilder,
  type BuiltBlock,
  bob,
  keyPairNamed,
  miner,
  testSpec,
} from "../chain/block-builder.ts";
import { countHistories } from "../chain/history-model.ts";
import { AuthorityChain } from "../consensus/authority-chain.ts";
import { accountPath, addressAt, allPages, coin, giveAll, sent, submit, trunkOf } from "./account-trunk.ts";
import { openChainApi } from "./open-chain-api.ts";

/** An item in the words of the model. */
function inWords({ block, position, direction, changes }: HistoryItem, aurBefore: string): string {
  const balances = new Map([["AUR", aurBefore]]);
  for (const { assetId, balanceUnits } of changes) balances.set(assetId, balanceUnits);
  const said = [...balances].map(([asset, units]) => `${asset}=${units}`);
  return [`${block.height}/${position ?? "block"}`, direction, ...said].join(" ");
}

describe("an account's history", () => {
  it("is the model's, in pages of any size, both ways, and its amounts add up to the balances", async () => {
    const { builder, blocks } = trunkOf();
    await using api = await openChainApi(builder.spec);
    await giveAll(api, blocks);
    const line = [builder.genesis.block, ...blocks.map(({ block }) => block)];
    const model = countHistories(builder.spec.genesis, line);
    for (const key of [alice, bob, miner, keyPairNamed("nobody")]) {
      const expected = model.get(toHex(key.publicKey)) ?? [];
      const path = `${accountPath(key)}/transactions`;
      for (const limit of [1, 2, 3, 100]) {
        const oldest = (await allPages<HistoryPage>(api, `${path}?order=oldest`, limit)) as HistoryItem[];
        let aur = "0";
        const words = oldest.map((item) => {
          const said = inWords(item, aur);
          aur = item.changes.find(({ assetId }) => assetId === "AUR")?.balanceUnits ?? aur;
          return said;
        });
        assert.deepEqual(words, expected);
        const newest = await allPages<HistoryPage>(api, path, limit);
        assert.deepEqual(newest.toReversed(), oldest);
        const sums = new Map<string, bigint>();
        for (const { assetId, amountUnits } of oldest.flatMap(({ changes }) => changes)) {
          sums.set(assetId, (sums.get(assetId) ?? 0n) + BigInt(amountUnits));
        }
        const account = await api.get<AccountAnswer>(accountPath(key));
        assert.equal(`${sums.get("AUR") ?? 0n}`, account.balanceUnits);
        for (const { assetId, balanceUnits } of account.assets)
          assert.equal(`${sums.get(assetId)}`, balanceUnits);
        assert.equal(account.itemCount, expected.length);
      }
    }
  });

  it("shows what each item is: transaction, fee, other side, time, confirmations, reward", async () => {
    const { builder, blocks, gold } = trunkOf();
    await using api = await openChainApi(builder.spec);
    await giveAll(api, blocks);
    const history = await api.get<HistoryPage>(`${accountPath(bob)}/transactions?order=oldest`);
    assert.deepEqual(history.head, { height: 6, hash: blocks[5]?.block.hashHex });
    const [aurIn, goldIn, aurOut] = history.items as [HistoryItem, HistoryItem, HistoryItem];
    const second = blocks[1] as BuiltBlock;
    assert.equal(aurIn.kind, "transaction");
    assert.equal(aurIn.direction, "in");
    assert.equal(aurIn.id, second.block.transactions[0]?.idHex);
    assert.equal(aurIn.counterparty, addressAt(alice));
    assert.equal(aurIn.counterpartyName, "alice@example.com");
    assert.equal(aurIn.feePaidUnits, "0");
    assert.equal(aurIn.confirmations, 5);
    assert.equal(aurIn.final, false);
    assert.equal(aurIn.block.time, new Date(second.block.header.timestampMs).toISOString());
    assert.equal(aurIn.transaction?.payload.kind === "transfer" && aurIn.transaction.payload.memo, "for 700");
    assert.deepEqual(goldIn.changes, [
      {
        assetId: toHex(gold),
        symbol: "GOLD",
        amount: "0.7",
        amountUnits: "70",
        balance: "0.7",
        balanceUnits: "70",
      },
    ]);
    assert.equal(aurOut.direction, "out");
    assert.equal(aurOut.feePaidUnits, "5");
    assert.deepEqual(
      aurOut.changes.map(({ amountUnits, balanceUnits }) => [amountUnits, balanceUnits]),
      [["-105", "595"]],
    );
    const [first] = (await api.get<HistoryPage>(`${accountPath(miner)}/transactions?order=oldest`)).items;
    assert.equal(first?.kind, "reward");
    assert.equal(first?.id, null);
    assert.equal(first?.block.height, 3);
    assert.deepEqual(first?.reward, {
      earnedAtHeight: 1,
      subsidy: "5",
      subsidyUnits: "500000000",
      fees: "0.00000005",
      feesUnits: "5",
    });
    const [allocation] = (await api.get<HistoryPage>(`${accountPath(alice)}/transactions?order=oldest`))
      .items;
    assert.equal(allocation?.kind, "allocation");
  });

  it("begins at any height, either way, and goes on from there by cursor", async () => {
    const { builder, blocks } = trunkOf();
    await using api = await openChainApi(builder.spec);
    await giveAll(api, blocks);
    for (const key of [alice, bob, miner]) {
      const path = `${accountPath(key)}/transactions`;
      const newest = await allPages<HistoryPage>(api, path, 100);
      for (let from = 0; from <= blocks.length + 1; from += 1) {
        assert.deepEqual(
          await allPages<HistoryPage>(api, `${path}?from=${from}`, 2),
          newest.filter(({ block }) => block.height <= from),
        );
        assert.deepEqual(
          await allPages<HistoryPage>(api, `${path}?from=${from}&order=oldest`, 2),
          newest.filter(({ block }) => block.height >= from).toReversed(),
        );
      }
    }
    const path = `${accountPath(alice)}/transactions`;
    const { next } = await api.get<HistoryPage>(`${path}?from=4&limit=1`);
    const other = await api.refused(`${path}?from=3&cursor=${next}`);
    assert.equal(other.code, "api/cursor-invalid");
  });

  it("filters by direction and asset; AUR by its name and by its zeros", async () => {
    const { builder, blocks, gold } = trunkOf();
    await using api = await openChainApi(builder.spec);
    await giveAll(api, blocks);
    const path = `${accountPath(alice)}/transactions`;
    const all = await allPages<HistoryPage>(api, path, 100);
    const of = async (query: string) => allPages<HistoryPage>(api, `${path}?${query}`, 2);
    for (const direction of ["in", "out", "self", "about", "credit"]) {
      assert.deepEqual(
        await of(`direction=${direction}`),
        all.filter((item) => item.direction === direction),
      );
    }
    const hasChange = (assetId: string) => (item: HistoryItem) =>
      item.changes.some((change) => change.assetId === assetId);
    assert.deepEqual(await of(`asset=${toHex(gold).toUpperCase()}`), all.filter(hasChange(toHex(gold))));
    const aur = await of("asset=AUR");
    // Alice sent 9 units to herself for no fee: of AUR, though nothing is moved.
    assert.deepEqual(
      aur,
      all
        .filter((item) => hasChange("AUR")(item) || item.changes.length === 0)
        .filter(({ transaction }) => transaction?.payload.kind !== "record"),
    );
    assert.deepEqual(await of(`asset=${"0".repeat(64)}`), aur);
    assert.equal((await api.refused(`${path}?asset=gold`)).status, 400);
    assert.match((await api.refused(`${path}?assets=AUR`)).detail, /asset/);
  });

  it("goes on at a cursor while blocks come, and says so if a reorganization has undone the cursor's block", async () => {
    const { builder, blocks } = trunkOf();
    await using api = await openChainApi(builder.spec);
    await giveAll(api, blocks.slice(0, 4));
    const path = `${accountPath(alice)}/transactions`;
    const [newest, oldest] = [
      await api.get<HistoryPage>(`${path}?limit=2`),
      await api.get<HistoryPage>(`${path}?limit=100&order=oldest`),
    ];
    assert.equal(oldest.next, null);
    await giveAll(api, blocks.slice(4));
    const rest = await api.get<HistoryPage>(`${path}?limit=100&cursor=${newest.next}`);
    assert.deepEqual(
      [...newest.items, ...rest.items].map(({ number }) => number),
      oldest.items.map(({ number }) => number).toReversed(),
    );
    const resumed = await api.get<HistoryPage>(`${path}?order=oldest&cursor=${oldest.resume}`);
    assert.deepEqual(
      resumed.items.map(({ id }) => id),
      [blocks[5]?.block.transactions[0]?.idHex],
    );
    // Nothing has come since: the place stays.
    const waited = await api.get<HistoryPage>(`${path}?order=oldest&cursor=${resumed.resume}`);
    assert.deepEqual([waited.items, waited.next, waited.resume], [[], null, resumed.resume]);

    const wrong = [
      `${accountPath(bob)}/transactions?cursor=${newest.next}`,
      `${path}?order=oldest&cursor=${newest.next}`,
      `${path}?direction=in&cursor=${newest.next}`,
      `${path}?cursor=bm90aGluZw`,
    ];
    for (const each of wrong) assert.equal((await api.refused(each)).code, "api/cursor-invalid");

    const other = builder.branch(blocks[1] as BuiltBlock, 6, { laterMs: 7 });
    for (const block of other) await api.give(block);
    assert.equal(api.chain.head.hashHex, other.at(-1)?.block.hashHex);
    const undone = await api.refused(`${path}?order=oldest&cursor=${resumed.resume}`);
    assert.deepEqual([undone.status, undone.code], [410, "api/cursor-undone"]);
    const left = await allPages<HistoryPage>(api, path, 3);
    const line = [builder.genesis, ...blocks.slice(0, 2), ...other].map(({ block }) => block);
    assert.equal(left.length, countHistories(builder.spec.genesis, line).get(toHex(alice.publicKey))?.length);
  });
});

describe("an account", () => {
  it("has its balance in parts: final, committed, on the way in and out, spendable", async () => {
    const three = new AuthorityChain(3);
    const [a, b] = three.keys as [KeyPair, KeyPair];
    const { builder } = three;
    await using api = await openChainApi(builder.spec);
    const first = three.child(three.genesis, { transactions: [builder.transfer(alice, 0, a, 400n)] });
    const rest = three.growCertified(first, 4);
    for (const block of [first, ...rest]) assert.equal(await api.give(block), "head");
    const late = three.child(rest.at(-1) as BuiltBlock, {
      transactions: [builder.transfer(alice, 1, a, 50n)],
    });
    assert.equal(await api.give(late), "head");
    assert.ok((api.chain.final?.height ?? 0) >= 1);
    await submit(api, builder.transfer(alice, 2, a, 30n));
    await submit(api, builder.sign(a, 0, { kind: "record", data: Buffer.from("note") }, 7n));
    await submit(api, builder.sign(a, 1, sent(b, 20n), 1n));
    await submit(api, builder.sign(a, 2, sent(a, 2n), 1n));
    const { balances, balanceUnits, pendingSequence } = await api.get<AccountAnswer>(accountPath(a));
    assert.equal(balanceUnits, "450");
    assert.deepEqual(
      [balances.finalUnits, balances.committedUnits, balances.pendingInUnits, balances.pendingOutUnits],
      ["400", "450", "32", "31"],
    );
    assert.equal(balances.spendableUnits, "419");
    assert.equal(balances.finalHeight, api.chain.final?.height);
    assert.equal(pendingSequence, 3);
    const next = await api.get<NextSequence>(`${accountPath(a)}/next-sequence`);
    assert.deepEqual([next.sequence, next.nextSequence], [0, 3]);

    for (const limit of [1, 2, 3, 100]) {
      const pending = await allPages<AccountPendingPage>(api, `${accountPath(a)}/pending`, limit);
      assert.deepEqual(
        pending.map(({ direction, sequence }) => [direction, sequence]),
        [
          ["out", 0],
          ["out", 1],
          ["self", 2],
          ["in", 2],
        ],
      );
    }
    const { outCount, inCount } = await api.get<AccountPendingPage>(`${accountPath(a)}/pending`);
    assert.deepEqual([outCount, inCount], [3, 2]);
  });

  it("is never without a transaction on its way from waiting into the history", async () => {
    const builder = new BlockBuilder(testSpec("pow"));
    await using api = await openChainApi(builder.spec);
    const transfers = Array.from({ length: 40 }, (_, sequence) => builder.transfer(alice, sequence, bob, 1n));
    for (const transfer of transfers) await submit(api, transfer);
    const blocks: BuiltBlock[] = [];
    for (const transfer of transfers) {
      blocks.push(builder.on(blocks.at(-1) ?? builder.genesis, { transactions: [transfer] }));
    }
    let isImporting = true;
    const imports = giveAll(api, blocks).finally(() => {
      isImporting = false;
    });
    let looks = 0;
    while (isImporting || looks === 0) {
      // What is not waiting any more when the first is answered is in the second, which is asked later.
      const pending = await allPages<AccountPendingPage>(api, `${accountPath(bob)}/pending`, 100);
      const history = await allPages<HistoryPage>(api, `${accountPath(bob)}/transactions`, 100);
      const found = new Set([...pending, ...history].map(({ id }) => id));
      for (const { idHex } of transfers)
        assert.ok(found.has(idHex), `${idHex} is neither waiting nor committed`);
      assert.ok(history.every(({ confirmations }) => confirmations >= 1));
      looks += 1;
    }
    await imports;
  });

  it("lists its assets in pages, in the order in which it had them first", async () => {
    const builder = new BlockBuilder(testSpec("pow"));
    await using api = await openChainApi(builder.spec);
    const issues = Array.from({ length: 7 }, (_, sequence) =>
      builder.sign(alice, sequence, coin("COIN", 10n)),
    );
    const block = builder.on(builder.genesis, { transactions: issues });
    await giveAll(api, [block]);
    const path = `${accountPath(alice)}/assets`;
    for (const limit of [1, 3, 7, 100]) {
      const held = await allPages<AccountAssetsPage>(api, path, limit);
      assert.deepEqual(
        held.map(({ assetId }) => assetId),
        issues.map(({ idHex }) => idHex),
      );
    }
    const page = await api.get<AccountAssetsPage>(`${path}?limit=3`);
    assert.equal(page.assetCount, 7);
    const others = builder.branch(builder.genesis, 2, { laterMs: 5 });
    for (const other of others) await api.give(other);
    assert.equal((await api.refused(`${path}?cursor=${page.next}`)).code, "api/cursor-undone");
    assert.deepEqual((await api.get<AccountAssetsPage>(path)).items, []);
  });
});
