/** One account with very many transactions, on disk: every page both ways, from any place, and on while blocks come. */
import assert from "node:assert/strict";
import path from "node:path";
import { it } from "node:test";
import { storeHistoryChain } from "../../bench/history-chain.ts";
import type { AccountAnswer, HistoryItem, HistoryPage } from "../../src/api/accounts.ts";
import { toHex } from "../../src/base/bytes.ts";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import { openLevelStore } from "../../src/store/level-store.ts";
import { folderUntilEnd } from "../support/temporary-folder.ts";
import { openChainApi } from "./open-chain-api.ts";

/** 100,000 in `npm run test:long`. */
const transactions = Number(process.env.SUITE_HISTORY ?? 3_000);
const perBlock = 500;

it(`reads all of ${transactions} transactions in pages, each of them once`, async () => {
  const directory = path.join(await folderUntilEnd("aurex-history-"), "chain");
  const { spec, account } = await storeHistoryChain({ directory, transactions, perBlock });
  const store = await openLevelStore(
    { directory, chainId: spec.chainId },
    { logger: silentLogger, clock: systemClock },
  );
  await using closing = new AsyncDisposableStack();
  closing.defer(() => store.close());
  await using api = await openChainApi(spec, {}, store);
  const base = `/v1/accounts/${addressOf(account.publicKey)}`;
  const { balanceUnits, itemCount } = await api.get<AccountAnswer>(base);
  // The allocation is one of them.
  assert.equal(itemCount, transactions + 1);
  for (const order of ["newest", "oldest"] as const) {
    let number = order === "newest" ? transactions : 0;
    let units = order === "newest" ? BigInt(balanceUnits) : 0n;
    let cursor: string | null = null;
    const ids = new Set<string | null>();
    do {
      const page: HistoryPage = await api.get(
        `${base}/transactions?order=${order}&limit=100${cursor ? `&cursor=${cursor}` : ""}`,
      );
      for (const item of page.items) {
        assert.equal(item.number, number);
        number += order === "newest" ? -1 : 1;
        const [change] = item.changes as [HistoryItem["changes"][number]];
        if (order === "oldest") units += BigInt(change.amountUnits);
        assert.equal(change.balanceUnits, units.toString());
        if (order === "newest") units -= BigInt(change.amountUnits);
        ids.add(item.id);
      }
      cursor = page.next;
    } while (cursor);
    assert.equal(ids.size, transactions + 1);
    assert.equal(units, order === "newest" ? 0n : BigInt(balanceUnits));
  }
  // Of one direction: half of all, and no page looks at more than its share.
  const received = await api.get<HistoryPage>(`${base}/transactions?direction=in&limit=100`);
  assert.equal(received.items.length, 100);
  assert.ok(received.items.every(({ direction }) => direction === "in"));
  const none = await api.get<HistoryPage>(`${base}/transactions?direction=self`);
  assert.deepEqual(none.items, []);
  assert.equal(none.next !== null, transactions > 2_000);
  assert.equal(toHex(account.publicKey), (await api.get<AccountAnswer>(base)).publicKey);
});
