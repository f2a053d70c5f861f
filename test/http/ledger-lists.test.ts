/** Lists of the ledger and the search as the API shows them: over real chains that grow and are reorganized. */
import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { describe, it } from "node:test";
import { isDeepStrictEqual } from "node:util";
import type {
  AccountAnswer,
  AccountsPage,
  HistoryPage,
  UserByName,
  UsersPage,
} from "../../src/api/accounts.ts";
import type { AssetAnswer, AssetsPage, HoldersPage } from "../../src/api/assets.ts";
import type { SearchAnswer } from "../../src/api/search.ts";
import { toHex } from "../../src/base/bytes.ts";
import type { ChainEvents, HeadChange } from "../../src/chain/chain.ts";
import { LedgerLists } from "../../src/http/ledger-lists.ts";
import type { AccountEntry, Entry } from "../../src/ledger/entry.ts";
import { LedgerState } from "../../src/ledger/ledger-state.ts";
import { sha256 } from "../../src/protocol/hashing.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import type { DecodedTransaction } from "../../src/protocol/transaction.ts";
import { alice, BlockBuilder, type BuiltBlock, bob, keyPairNamed, testSpec } from "../chain/block-builder.ts";
import { createMemoryDisk } from "../support/memory-store.ts";
import { accountPath, addressAt, allPages, coin, giveAll, named, submit, trunkOf } from "./account-trunk.ts";
import { type ChainApi, openChainApi } from "./open-chain-api.ts";

describe("lists of the ledger", () => {
  it("are in order at every head, whatever comes and goes", async () => {
    const { builder, blocks } = trunkOf();
    await using api = await openChainApi(builder.spec);
    const extra = blocks.map((block, index) =>
      builder.on(block, {
        laterMs: 3,
        transactions:
          index < 2 ? [] : [builder.sign(bob, index < 4 ? 0 : 2, named(`bob${index}@example.com`), 1n)],
      }),
    );
    await assertLists(api, builder.genesis.entries);
    for (const [index, block] of blocks.entries()) {
      await api.give(block);
      // Sometimes the lists are asked at every head, sometimes they have to catch up with several.
      if (index % 2 === 0) await assertLists(api, block.entries);
    }
    const fork = [extra[2] as BuiltBlock];
    while (fork.length < 6) fork.push(builder.on(fork.at(-1) as BuiltBlock, { laterMs: 9 }));
    for (const block of fork) await api.give(block);
    assert.equal(api.chain.head.hashHex, fork.at(-1)?.block.hashHex);
    await assertLists(api, (fork.at(-1) as BuiltBlock).entries);
  });

  async function assertLists(api: ChainApi, entries: readonly Entry[]): Promise<void> {
    const accounts = entries
      .filter((entry) => entry.type === "account")
      .sort((a, b) => Number(b.balance - a.balance) || (a.account < b.account ? -1 : 1));
    const users = entries.filter((entry) => entry.type === "user").sort((a, b) => (a.name < b.name ? -1 : 1));
    const assets = entries
      .filter((entry) => entry.type === "asset")
      .sort((a, b) => (a.symbol < b.symbol ? -1 : 1));
    const addressOfHex = (account: string) => addressOf(Buffer.from(account, "hex"));
    for (const limit of [1, 2, 100]) {
      const listed = await allPages<AccountsPage>(api, "/v1/accounts?order=balance", limit);
      assert.deepEqual(
        listed.map(({ address, balanceUnits }) => [address, balanceUnits]),
        accounts.map(({ account, balance }) => [addressOfHex(account), balance.toString()]),
      );
      for (const aur of ["AUR", "0".repeat(64)]) {
        const holders = await allPages<HoldersPage>(api, `/v1/assets/${aur}/holders`, limit);
        assert.deepEqual(
          holders.map(({ address, balance }) => [address, balance]),
          listed.map(({ address, balance }) => [address, balance]),
        );
      }
      const names = await allPages<UsersPage>(api, "/v1/users", limit);
      assert.deepEqual(
        names.map(({ name, publicKey }) => [name, publicKey]),
        users.map(({ name, account }) => [name, account]),
      );
      const issued = await allPages<AssetsPage>(api, "/v1/assets", limit);
      assert.deepEqual(
        issued.map(({ assetId }) => assetId),
        assets.map(({ assetId }) => assetId),
      );
      for (const { assetId } of assets) {
        const holders = await allPages<HoldersPage>(api, `/v1/assets/${assetId}/holders`, limit);
        const expected = entries
          .filter((entry) => entry.type === "assetBalance")
          .filter((entry) => entry.assetId === assetId && entry.balance > 0n)
          .sort((a, b) => Number(b.balance - a.balance) || (a.account < b.account ? -1 : 1));
        assert.deepEqual(
          holders.map(({ address, balanceUnits }) => [address, balanceUnits]),
          expected.map(({ account, balance }) => [addressOfHex(account), balance.toString()]),
        );
      }
    }
    const count = (await api.get<AccountsPage>("/v1/accounts")).count;
    assert.equal(count, accounts.length);
  }

  it("are right after any number of changes: a few, more than one turn, and so many that they are made anew", async () => {
    const accountCount = 60_000;
    const entries = Array.from({ length: accountCount }, (_, index): AccountEntry => {
      const account = toHex(sha256(Buffer.from(`account ${index}`)));
      return { type: "account", account, sequence: 0, balance: BigInt((index * 7_919) % 1_000_003) };
    });
    const ledger = LedgerState.fromEntries(entries);
    const events = new EventEmitter<ChainEvents>();
    const lists = new LedgerLists({ ledger, events });
    // Asked by two at once.
    await Promise.all([lists.ready(), lists.ready()]);
    for (const [round, changed] of [1, 500, 5_000, 55_000, 2_001].entries()) {
      const draft = ledger.draft();
      const changes = Array.from({ length: changed }, (_, at) => {
        const index = (at * 7 + round) % accountCount;
        const before = ledger.entryAt(index) as AccountEntry;
        return { index, before, after: { ...before, balance: (before.balance * 31n + 7n) % 1_000_003n } };
      });
      const unique = [...new Map(changes.map((each) => [each.index, each])).values()];
      draft.apply({ entryCountBefore: accountCount, entryCountAfter: accountCount, changes: unique });
      const touched = draft.touchedEntries();
      ledger.commit(draft);
      events.emit("headChanged", { touched } as unknown as HeadChange);
      await lists.ready();
      const expected = Array.from(
        { length: accountCount },
        (_, index) => ledger.entryAt(index) as AccountEntry,
      );
      expected.sort((a, b) => Number(b.balance - a.balance) || (a.account < b.account ? -1 : 1));
      assert.deepEqual(lists.accounts(accountCount + 1), expected);
      assert.deepEqual(lists.accounts(10, expected[29_999]), expected.slice(30_000, 30_010));
      assert.equal(lists.accountCount(), accountCount);
    }
  });

  it("refuse every cursor that they have not made, whatever numbers are in it", async () => {
    const { builder, blocks, gold } = trunkOf();
    await using api = await openChainApi(builder.spec);
    await giveAll(api, blocks);
    const aliceHex = toHex(alice.publicKey);
    const big = 1e21;
    const forged: readonly [string, string, unknown][] = [
      [
        "/transactions",
        "account history",
        { account: aliceHex, list: "newest//", number: big, height: 1, hash: "" },
      ],
      [
        "/transactions",
        "account history",
        { account: aliceHex, list: "newest//", number: 2 ** 50, height: big, hash: "" },
      ],
      [
        "/transactions",
        "account history",
        { account: aliceHex, list: "newest//", number: -1, height: 1, hash: "" },
      ],
      ["/assets", "account assets", { account: aliceHex, index: big, assetId: "x" }],
      ["/assets", "account assets", { account: aliceHex, index: 1.5, assetId: toHex(gold) }],
      ["/pending", "account pending", { account: aliceHex, part: "in", after: -big, since: 0 }],
    ];
    for (const [part, list, position] of forged) {
      const cursor = Buffer.from(JSON.stringify([1, list, position])).toString("base64url");
      const { status } = await api.refused(`${accountPath(alice)}${part}?cursor=${cursor}`);
      assert.ok(status === 400 || status === 410, `${status} for ${JSON.stringify(position)}`);
    }
    const holders = await api.get<HoldersPage>(`/v1/assets/${toHex(gold)}/holders?limit=1`);
    const silver = blocks[5]?.block.transactions[0]?.idHex;
    const other = await api.refused(`/v1/assets/${silver}/holders?cursor=${holders.next}`);
    assert.equal(other.code, "api/cursor-invalid");
  });

  it("show AUR under both of its names, with all that there is of it", async () => {
    const { builder, blocks } = trunkOf();
    await using api = await openChainApi(builder.spec);
    await giveAll(api, blocks);
    const aur = await api.get<AssetAnswer>("/v1/assets/AUR");
    assert.deepEqual(await api.get(`/v1/assets/${"0".repeat(64)}`), aur);
    const last = blocks.at(-1) as BuiltBlock;
    const held = last.entries.reduce((sum, entry) => {
      if (entry.type === "account") return sum + entry.balance;
      return entry.type === "reward" ? sum + entry.amount : sum;
    }, 0n);
    assert.equal(aur.supplyUnits, held.toString());
    assert.deepEqual([aur.assetId, aur.symbol, aur.decimals, aur.issuer], ["AUR", "AUR", 8, null]);
    const missing = await api.refused(`/v1/assets/${"5".repeat(64)}/holders`);
    assert.deepEqual([missing.status, missing.code], [404, "asset/not-found"]);
    const user = await api.get<UserByName>("/v1/users/Alice@example.com");
    assert.equal(user.address, addressAt(alice));
    assert.equal((await api.refused("/v1/users/nobody@example.com")).code, "user/not-found");
  });
});

describe("an account index that is not complete", () => {
  it("is answered with how far it is, while all else answers; then histories are there", async () => {
    const { builder, blocks } = trunkOf();
    const disk = createMemoryDisk();
    {
      await using api = await openChainApi(builder.spec, {}, disk.open({ accountIndex: false }));
      await giveAll(api, blocks);
      const off = await api.refused(`${accountPath(alice)}/transactions`);
      assert.deepEqual([off.status, off.code], [409, "index/off"]);
      const account = await api.get<AccountAnswer>(accountPath(alice));
      assert.deepEqual([account.itemCount, account.balances.final], [null, null]);
      assert.equal((await api.get<AccountsPage>("/v1/accounts")).count, 3);
    }
    await using api = await openChainApi(builder.spec, {}, disk.open());
    const building = await api.refused(`${accountPath(alice)}/transactions`);
    assert.deepEqual([building.status, building.code], [503, "index/building"]);
    assert.deepEqual(building.details, { blocks: 0, of: 7, percent: 0 });
    const response = await fetch(`${api.url}${accountPath(alice)}/transactions`);
    assert.equal(response.headers.get("retry-after"), "5");
    await api.chain.indexMore();
    const { itemCount } = await api.get<HistoryPage>(`${accountPath(alice)}/transactions`);
    assert.equal(itemCount, (await api.get<AccountAnswer>(accountPath(alice))).itemCount);
    assert.ok(itemCount > 5);
  });
});

describe("the search", () => {
  it("finds heights, hashes, ids, keys, addresses, names and symbols, whole or by their beginning", async () => {
    const { builder, blocks, gold, submitLater } = trunkOf();
    await using api = await openChainApi(builder.spec);
    await giveAll(api, blocks);
    const side = builder.on(blocks[3] as BuiltBlock, { laterMs: 4 });
    assert.equal(await api.give(side), "side");
    const waiting = submitLater(8, named("alice2@example.com"));
    await submit(api, submitLater(8, { kind: "record", data: Buffer.from("waits") }));
    const find = async (q: string) =>
      (await api.get<SearchAnswer>(`/v1/search?q=${encodeURIComponent(q)}`)).items;
    const { block } = blocks[2] as BuiltBlock;
    const blockHit = { type: "block", height: 3, hash: block.hashHex, canonical: true };
    const sideHit = { type: "block", height: 5, hash: side.block.hashHex, canonical: false };
    const { idHex } = block.transactions[0] as DecodedTransaction;
    const transactionHit = { type: "transaction", id: idHex, status: "committed", height: 3 };
    const goldHit = { type: "asset", assetId: toHex(gold), symbol: "GOLD", name: "GOLD coin" };
    const accountHit = { type: "account", address: addressAt(alice), name: "alice@example.com" };
    const userHit = { type: "user", name: "alice@example.com", address: addressAt(alice) };
    const has = async (q: string, hit: object) => {
      const items = await find(q);
      assert.ok(
        items.some((item) => isDeepStrictEqual(item, hit)),
        `${q} finds ${JSON.stringify(hit)}, not only ${JSON.stringify(items)}`,
      );
    };
    await has(" 3 ", blockHit);
    for (const length of [4, 5, 31, 63, 64]) {
      await has(block.hashHex.slice(0, length), blockHit);
      await has(side.block.hashHex.slice(0, length).toUpperCase(), sideHit);
      await has(idHex.slice(0, length), transactionHit);
      await has(toHex(gold).slice(0, length), goldHit);
      await has(toHex(alice.publicKey).slice(0, length), accountHit);
    }
    for (const length of [10, 11, 30, 57, 58, 64]) {
      await has(addressAt(alice).slice(0, length), accountHit);
      await has(addressAt(alice).slice(0, length).toUpperCase(), accountHit);
    }
    for (const q of ["alice@example.com", "Alice@", "alic"]) await has(q, userHit);
    for (const q of ["GOLD", "gold"]) await has(q, goldHit);
    await has("silv", {
      ...goldHit,
      assetId: blocks[5]?.block.transactions[0]?.idHex,
      symbol: "SILVER",
      name: "SILVER coin",
    });
    await has("aur", { type: "asset", assetId: "AUR", symbol: "AUR", name: "Aurex" });
    const stranger = addressAt(keyPairNamed("nobody"));
    assert.deepEqual(await find(stranger), [{ type: "account", address: stranger, name: null }]);
    for (const q of [
      "nothing",
      "zzzz",
      "ali",
      "si",
      "7",
      "999999999999999",
      waiting.idHex,
      "<b>",
      "aurex1",
      "aurex1qq",
    ]) {
      assert.deepEqual(await find(q), [], q);
    }
    const { more, items } = await api.get<SearchAnswer>("/v1/search?q=6");
    assert.deepEqual([more, items.length], [false, 1]);
    assert.equal((await api.refused("/v1/search?q=")).status, 400);
    assert.equal((await api.refused("/v1/search")).status, 400);
  });

  it("shows at most five of a kind, and says that there are more", async () => {
    const builder = new BlockBuilder(testSpec("pow"));
    await using api = await openChainApi(builder.spec);
    const issues = Array.from({ length: 7 }, (_, sequence) =>
      builder.sign(alice, sequence, coin(`GOLD${sequence}`, 10n)),
    );
    await giveAll(api, [builder.on(builder.genesis, { transactions: issues })]);
    const many = await api.get<SearchAnswer>("/v1/search?q=gold");
    assert.deepEqual([many.items.length, many.more], [5, true]);
    const one = await api.get<SearchAnswer>("/v1/search?q=GOLD6");
    assert.deepEqual([one.items.length, one.more], [1, false]);
  });
});
