/** The wallet's sending against a real API behind a line that breaks: no payment is lost, and none is made twice. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, it } from "node:test";
import { toHex } from "../../src/base/bytes.ts";
import { type ApiClient, ApiProblem, createApiClient, OutcomeUnknown } from "../../src/client/index.ts";
import { contactsOf, rememberPaid } from "../../src/web/wallet/address-book.ts";
import { type Draft, draftOf, type Wish } from "../../src/web/wallet/draft.ts";
import { type Keep, memoryKeep } from "../../src/web/wallet/keep.ts";
import { Outbox, SequenceHeld } from "../../src/web/wallet/outbox.ts";
import {
  ChainChanged,
  DraftOutdated,
  resend,
  resendUnsent,
  type SendContext,
  signAndSend,
} from "../../src/web/wallet/sending.ts";
import { TurnTaken, withTurn } from "../../src/web/wallet/turn.ts";
import { type ApiRig, alice, bob, openApiRig } from "../http/api-rig.ts";

/** What happens to a submission: its answer arrives, is lost on the way back, or nobody hears it. */
type Line = "good" | "answer-lost" | "away";

describe("the wallet sends", () => {
  let rig: ApiRig;
  let line: Line[];
  let heard: string[];
  let keep: Keep;
  let outbox: Outbox;
  let server: ReturnType<typeof createServer>;
  let api: ApiClient;
  let context: SendContext;

  beforeEach(async () => {
    rig = await openApiRig();
    [line, heard, keep] = [[], [], memoryKeep("a test")];
    outbox = new Outbox(keep);
    server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const isSubmission = request.method === "POST";
      const body = Buffer.concat(chunks);
      if (isSubmission) heard.push(String(body));
      const state = (isSubmission && line.shift()) || "good";
      if (state === "away") return void request.socket.destroy();
      const answer = await fetch(`${rig.url}${request.url}`, {
        method: request.method ?? "GET",
        ...(isSubmission && { headers: { "content-type": "application/json" }, body }),
      });
      const text = await answer.text();
      if (state === "answer-lost") return void request.socket.destroy();
      response
        .writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "" })
        .end(text);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    api = createApiClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { retries: 0 });
    context = {
      api,
      chainId: chainId(),
      outbox,
      takeTurn: (name, work) => withTurn(name, keep, work, rowTurn),
    };
  });
  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await rig.close();
  });

  /** As on a page without Web Locks. */
  const rowTurn = { locks: null, beatMs: 50 };
  const chainId = () => toHex(rig.chain.spec.chainId);
  const bobHas = () => rig.chain.ledger.account(toHex(bob.publicKey))?.balance ?? 0n;
  const pay = (sequence: number, amount = 100n, fee = 0n, of = chainId()): Draft => {
    const wish: Wish = { kind: "transfer", to: bob.publicKey, assetId: undefined, amount, memo: "" };
    const terms = { chainId: of, sender: alice.publicKey, sequence, fee, validUntil: 0, timestampMs: 1 };
    const draft = draftOf(wish, terms);
    assert.ok(draft.ok);
    return draft.value;
  };
  const send = (draft: Draft, replace = false, more: Partial<SendContext> = {}) =>
    signAndSend(draft, alice, { what: "Send", replace }, { ...context, ...more });
  const states = async () => (await outbox.entries(chainId())).map(({ id, state }) => [id, state]);

  it("what was shown, and lists it afterwards", async () => {
    const draft = pay(0);
    const answer = await send(draft);
    assert.equal(answer.id, draft.id);
    assert.deepEqual(await states(), [[draft.id, "answered"]]);
    await rig.sealWaiting();
    assert.equal(bobHas(), 100n);
  });

  it("nothing that was signed before it was lost twice: it is kept, sent again with the same bytes, and paid once", async () => {
    line = ["answer-lost"];
    const lost = pay(0);
    await assert.rejects(send(lost, false, { tryForMs: 0 }), OutcomeUnknown);
    assert.deepEqual(await states(), [[lost.id, "unsent"]]);
    // Nothing new is signed while its fate is not known.
    line = ["away"];
    const next = pay(1);
    await assert.rejects(
      send(next, false, { tryForMs: 0 }),
      (thrown) => thrown instanceof OutcomeUnknown && thrown.id === lost.id,
    );
    assert.equal((await outbox.entries(chainId())).length, 1);
    const [again] = await resendUnsent(context);
    assert.equal(again?.fate, "sent");
    await send(next);
    assert.equal(new Set(heard).size, 2);
    await rig.sealWaiting();
    assert.equal(bobHas(), 200n);
    assert.deepEqual(await resendUnsent(context), []);
  });

  it("nothing with a sequence that was taken since it was shown", async () => {
    await send(pay(0));
    await assert.rejects(
      send(pay(0, 7n)),
      (thrown) => thrown instanceof DraftOutdated && thrown.nextSequence === 1,
    );
    assert.equal(heard.length, 1);
  });

  it("never two with one sequence, even if the turn of a tab was taken from it", async () => {
    line = ["away"];
    const first = pay(0);
    await assert.rejects(send(first, false, { tryForMs: 0 }), OutcomeUnknown);
    const second = { ...pay(0, 7n) };
    const { signDraft } = await import("../../src/web/wallet/draft.ts");
    const details = { chainId: chainId(), replace: false, what: "", signedAtMs: 2 };
    await assert.rejects(outbox.add(signDraft(second, alice), details), SequenceHeld);
    assert.deepEqual(await states(), [[first.id, "unsent"]]);
  });

  it("forgets what the node refuses and no earlier try can have brought to it", async () => {
    await assert.rejects(send(pay(0, 10n ** 15n)), ApiProblem);
    assert.deepEqual(await states(), []);
    await send(pay(0));
  });

  it("one in the place of another that waits, and forgets the one that can never be executed any more", async () => {
    line = ["away"];
    const first = pay(0, 100n, 10n);
    await assert.rejects(send(first, false, { tryForMs: 0 }), OutcomeUnknown);
    const instead = pay(0, 1n, 20n);
    await send(instead, true);
    assert.deepEqual(await states(), [[instead.id, "answered"]]);
    const bumped = pay(0, 1n, 30n);
    await send(bumped, true);
    await rig.sealWaiting();
    assert.equal(bobHas(), 1n);
    const [listed] = await outbox.entries(chainId());
    assert.equal((await resend(listed!, context)).fate, "sent");
  });

  it("nothing of another chain to a node that was begun anew at the same address", async () => {
    line = ["away"];
    const old = pay(0);
    await assert.rejects(send(old, false, { tryForMs: 0 }), OutcomeUnknown);
    const [before, oldChain] = [rig, chainId()];
    rig = await openApiRig({ minimumFee: "0.0001" });
    await before.close();
    assert.notEqual(chainId(), oldChain);
    // A page that has not heard of it yet.
    await assert.rejects(resendUnsent(context), ChainChanged);
    await assert.rejects(send(pay(1, 1n, 0n, oldChain)), ChainChanged);
    assert.equal(heard.length, 1);
    assert.equal((await outbox.entries(oldChain))[0]?.state, "unsent");
    // And one that has.
    const now = { ...context, chainId: chainId() };
    assert.deepEqual(await resendUnsent(now), []);
    assert.deepEqual(await outbox.entries(chainId()), []);
    assert.equal(await outbox.countElsewhere(chainId()), 1);
    await outbox.forgetElsewhere(chainId());
    assert.equal(await outbox.countElsewhere(chainId()), 0);
  });

  it("in turn: a tab waits for another one, and takes over from one that has died", async () => {
    const order: string[] = [];
    let finish = () => {};
    const first = withTurn("a", keep, () => new Promise<void>((resolve) => (finish = resolve)), rowTurn);
    await assert.rejects(
      withTurn("a", keep, async () => order.push("too early"), { ...rowTurn, limitMs: 0 }),
      TurnTaken,
    );
    await withTurn("b", keep, async () => order.push("another key"), rowTurn);
    const second = withTurn("a", keep, async () => order.push("second"), rowTurn);
    finish();
    await Promise.all([first, second]);
    assert.deepEqual(order, ["another key", "second"]);
    await keep.change("turns", (rows) => rows.put({ id: "a", owner: "dead", beatAtMs: Date.now() - 60_000 }));
    await withTurn("a", keep, async () => order.push("third"), { ...rowTurn, limitMs: 0 });
    assert.equal(order.at(-1), "third");
  });

  it("remembers whom it has paid, by chain", async () => {
    await rememberPaid(keep, { chainId: "a", address: "x", label: "bob", atMs: 1 });
    await rememberPaid(keep, { chainId: "a", address: "x", label: "", atMs: 2 });
    const [row] = await contactsOf(keep, "a");
    assert.deepEqual([row?.paidCount, row?.label, row?.lastPaidMs], [2, "bob", 2]);
    assert.deepEqual(await contactsOf(keep, "b"), []);
  });
});
