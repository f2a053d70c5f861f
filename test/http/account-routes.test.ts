/** Accounts, assets and search as the API shows them: over real chains that grow and are reorganized. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isDeepStrictEqual } from "node:util";
import type {
  AccountAnswer,
  AccountAssetsPage,
  AccountPendingPage,
  AccountsPage,
  HistoryItem,
  HistoryPage,
  NextSequence,
  UserByName,
  UsersPage,
} from "../../src/api/accounts.ts";
import type { AssetAnswer, AssetsPage, HoldersPage } from "../../src/api/assets.ts";
import type { SearchAnswer } from "../../src/api/search.ts";
import { toHex } from "../../src/base/bytes.ts";
import type { Entry } from "../../src/ledger/entry.ts";
import { zeroBytes32 } from "../../src/protocol/hashing.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import type { KeyPair } from "../../src/protocol/signing.ts";
import type { DecodedTransaction, Payload } from "../../src/protocol/transaction.ts";
import { createMemoryDisk } from "../../src/store/memory-store.ts";
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
import { type ChainApi, openChainApi } from "./open-chain-api.ts";

const addressAt = ({ publicKey }: KeyPair) => addressOf(publicKey);
const accountPath = (key: KeyPair) => `/v1/accounts/${addressAt(key)}`;
const memo = new Uint8Array(0);
const coin = (symbol: string, supply: bigint): Payload => ({
  kind: "issueAsset",
  symbol: Buffer.from(symbol),
  name: Buffer.from(`${symbol} coin`),
  decimals: 2,
  supply,
  metadata: memo,
});
const named = (name: string): Payload => ({ kind: "registerUser", name: Buffer.from(name) });
const sent = (to: KeyPair, amount: bigint, assetId = zeroBytes32): Payload => ({
  kind: "transfer",
  to: to.publicKey,
  amount,
  assetId,
  memo: Buffer.from(`for ${amount}`),
});

/** A page after the other, up to the last. */
async function allPages<Page extends { readonly items: readonly unknown[]; readonly next: string | null }>(
  api: ChainApi,
  path: string,
  limit: number,
): Promise<Page["items"][number][]> {
  const found: Page["items"][number][] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const mark = path.includes("?") ? "&" : "?";
    const page: Page = await api.get(`${path}${mark}limit=${limit}${cursor && `&cursor=${cursor}`}`);
    assert.ok(page.items.length <= limit);
    found.push(...page.items);
    cursor = page.next;
  }
  return found;
}

/** An item in the words of the model. */
function inWords({ block, position, direction, changes }: HistoryItem, aurBefore: string): string {
  const balances = new Map([["AUR", aurBefore]]);
  for (const { assetId, balanceUnits } of changes) balances.set(assetId, balanceUnits);
  const said = [...balances].map(([asset, units]) => `${asset}=${units}`);
  return [`${block.height}/${position ?? "block"}`, direction, ...said].join(" ");
}

interface Trunk {
  readonly builder: BlockBuilder;
  readonly blocks: readonly BuiltBlock[];
  readonly gold: Uint8Array;
  submitLater(sequence: number, payload: Payload, fee?: bigint): DecodedTransaction;
}

/** Alice issues gold, registers a name, sends AUR and gold to bob, to herself, and notes something; the miner earns. */
function trunkOf(): Trunk {
  const builder = new BlockBuilder(testSpec("pow", { rewardMaturityBlocks: 2 }));
  const issue = builder.sign(alice, 0, coin("GOLD", 500n), 3n);
  const gold = issue.id;
  const rounds = [
    [issue, builder.sign(alice, 1, named("alice@example.com"), 2n)],
    [builder.sign(alice, 2, sent(bob, 700n), 1n), builder.sign(alice, 3, sent(bob, 70n, gold), 1n)],
    [
      builder.sign(alice, 4, sent(alice, 9n)),
      builder.sign(alice, 5, sent(alice, 9n, gold), 1n),
      builder.sign(alice, 6),
    ],
    [builder.sign(bob, 0, sent(alice, 100n), 5n), builder.sign(bob, 1, sent(alice, 30n, gold))],
    [],
    [builder.sign(alice, 7, coin("SILVER", 40n))],
  ];
  const blocks: BuiltBlock[] = [];
  for (const transactions of rounds)
    blocks.push(builder.on(blocks.at(-1) ?? builder.genesis, { transactions }));
  const submitLater = (sequence: number, payload: Payload, fee = 1n) =>
    builder.sign(alice, sequence, payload, fee);
  return { builder, blocks, gold, submitLater };
}

async function giveAll(api: ChainApi, blocks: readonly BuiltBlock[]): Promise<void> {
  for (const block of blocks) assert.equal(await api.give(block), "head");
}

async function submit(api: ChainApi, { bytes }: DecodedTransaction): Promise<void> {
  const response = await fetch(`${api.url}/v1/transactions`, {
    method: "POST",
    headers: { "content-type": "application/octet-stream" },
    body: bytes as Uint8Array<ArrayBuffer>,
  });
  assert.equal(response.status, 202, await response.text());
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
