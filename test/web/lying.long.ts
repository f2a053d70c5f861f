/** A node that serves the true page and lies in its API: Verify catches each kind of lie, says which step failed, and shows it in red. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { browserMissing } from "../client/browser.ts";
import { type Answer, flip, flipHex, inAttested, inProvenHeader, on } from "../client/lying/edits.ts";
import type { Lie } from "../client/lying/lying-node.ts";
import {
  type AuthorityStage,
  openAuthorityStage,
  openWorkStage,
  type WorkStage,
} from "../client/lying/stages.ts";
import { suiteMaxMs } from "../support/patience.ts";
import { type OpenedPage, openPageStage, type PageStage } from "./page-stage.ts";
import { openTamperingNode, type TamperingNode } from "./tampering-node.ts";

interface Told {
  readonly what: string;
  readonly lie: Lie;
  /** The step that fails, by its name. */
  readonly step: string;
  /** What the page says that it means. */
  readonly says: RegExp;
}

const isProof = /\/proof/;

const transactionLies = (id: string): readonly Told[] => [
  {
    what: "a proof with one flipped byte",
    lie: on(isProof, (answer) => ({
      ...answer,
      siblings: answer.siblings?.map((sibling: string, index: number) =>
        index === 3 ? flipHex(sibling) : sibling,
      ),
    })),
    step: "transactions",
    says: /does not stand there/,
  },
  {
    what: "another amount in the proven bytes",
    lie: on(isProof, (answer) => ({ ...answer, bytes: flipHex(answer.bytes, -20) })),
    step: "signature",
    says: /changed the bytes/,
  },
  {
    what: "a header with another transactions root",
    lie: inProvenHeader(({ transactionsRoot }) => void flip(transactionsRoot)),
    step: "final",
    says: /cannot show that the block is final/,
  },
  {
    what: "a vote with a bit turned",
    lie: inAttested(({ certificate }) => void flip(certificate.signatures[0]!)),
    step: "certificates",
    says: /authorities have not signed/,
  },
  {
    what: "another receiver on the page than in the proof",
    lie: on(new RegExp(`^/v1/transactions/${id}$`), (answer) => ({
      ...answer,
      payload: { ...answer.payload, amount: "900", amountUnits: "90000000000" },
    })),
    step: "shown",
    says: /proved one thing and shows another/,
  },
];

const blockLies = (hash: string): readonly Told[] => [
  {
    what: "a transaction left out of the page's list",
    lie: on(new RegExp(`^/v1/blocks/${hash}$`), (answer) => ({
      ...answer,
      transactions: answer.transactions.slice(1),
    })),
    step: "shown",
    says: /proved one thing and shows another/,
  },
  {
    what: "bytes of the block with a bit turned",
    lie: on(/\/raw$/, (bytes) => flip(new Uint8Array(bytes as Uint8Array), -3)),
    step: "transactions",
    says: /does not stand there|not what it should be/,
  },
];

const balanceLies = (account: string): readonly Told[] => [
  {
    what: "a balance ten times as large",
    lie: on(new RegExp(`^/v1/accounts/${account}$`), (answer: Answer) => ({
      ...answer,
      balances: {
        ...answer.balances,
        final: `${answer.balances.final}0`,
        finalUnits: `${answer.balances.finalUnits}0`,
      },
    })),
    step: "shown",
    says: /proved one thing and shows another/,
  },
  {
    what: "a ledger entry with a bit turned",
    lie: on(/\/accounts\/.*\/proof/, (answer) => ({
      ...answer,
      items: answer.items.map((item: Answer) => ({ ...item, bytes: flipHex(item.bytes, -1) })),
    })),
    step: "entry",
    says: /does not stand there/,
  },
];

describe("the page of a node that lies", { skip: browserMissing, timeout: suiteMaxMs }, () => {
  const closers: (() => Promise<void>)[] = [];
  let stage: PageStage;
  let poa: AuthorityStage;
  let pow: WorkStage;
  let node: TamperingNode;
  let opened: OpenedPage;
  before(async () => {
    stage = await openPageStage();
    poa = await openAuthorityStage(closers);
    pow = await openWorkStage(closers);
    node = await openTamperingNode(poa.rig.url);
    opened = await stage.open(node.url);
  });
  after(async () => {
    await stage?.close();
    await node?.close();
    for (const close of closers) await close();
  });

  /** Opens a place anew, as somebody does who follows a link, and verifies. */
  async function verifyAt(place: string): Promise<void> {
    const { page } = opened;
    await page.goto("about:blank");
    await opened.go(place);
    await page.getByRole("button", { name: /^Verify (this|block)/ }).click();
    await page.locator(".verify-outcome .note").waitFor();
  }

  async function assertProven(): Promise<void> {
    const { page } = opened;
    assert.match((await page.locator(".verify-outcome .note.good").textContent()) ?? "", /^Proven/);
    assert.equal(await page.locator(".verify-step.fails").count(), 0);
  }

  async function assertCaught({ what, step, says }: Told): Promise<void> {
    const { page } = opened;
    const note = page.locator(".verify-outcome .note.bad");
    await note.waitFor().catch(async () => {
      assert.fail(`${what}: ${await page.locator(".verify").innerText()}`);
    });
    assert.match((await note.textContent()) ?? "", says, what);
    const failed = page.locator(".verify-step.fails");
    assert.deepEqual(
      [await failed.count(), await failed.first().getAttribute("data-step")],
      [1, step],
      `${what}: ${await page.locator(".verify").innerText()}`,
    );
    assert.equal(await page.locator(".verify-outcome .note.good").count(), 0, what);
  }

  it("is caught in a transaction, a block and a balance, and believed when it tells the truth", async () => {
    const places: readonly (readonly [string, readonly Told[]])[] = [
      [`transaction/${poa.full.id}`, transactionLies(poa.full.id)],
      [`block/${poa.full.height}`, blockLies(poa.full.hash)],
      [`account/${poa.bob}`, balanceLies(poa.bob)],
    ];
    for (const [place, lies] of places) {
      node.tell(undefined);
      await verifyAt(place);
      await assertProven();
      for (const told of lies) {
        node.tell(told.lie);
        await verifyAt(place);
        await assertCaught(told);
      }
    }
    node.tell(undefined);
    assert.deepEqual(opened.complaints, []);
  });

  it("is on another chain: the browser remembers which chain it trusted here, until somebody decides", async () => {
    const { page } = opened;
    node.become(pow.rig.url);
    await page.goto("about:blank");
    await opened.go(`transaction/${pow.full.id}`);
    const warning = page.getByText("The node at this address is now on another chain");
    await warning.waitFor();
    await page.getByRole("button", { name: "Verify this transaction" }).click();
    await assertCaught({ what: "another chain", lie: String, step: "chain-id", says: /another chain/ });
    await page.getByRole("button", { name: "Trust the new chain" }).click();
    await warning.waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Verify again" }).click();
    await page.locator(".verify-outcome .note.good").waitFor();
    await assertProven();

    // A chain id from elsewhere is worth more than what the node says.
    await page.getByText("Compare it with one from elsewhere", { exact: true }).click();
    const field = page.getByLabel("Chain id from a source that you trust");
    await field.fill("12ab");
    await page.getByText("A chain id has 64 digits").waitFor();
    await field.fill(` 0x${pow.chainId.toUpperCase()}\n`);
    await page.getByRole("button", { name: "It is the same: trust it" }).click();
    await page.getByText("compared", { exact: true }).waitFor();
    node.become(poa.rig.url);
    assert.deepEqual(opened.complaints, []);
  });
});
