/** Submitting when answers are lost, the node is away, or refuses: with a real node behind a line that breaks. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, it } from "node:test";
import { toHex } from "../../src/base/bytes.ts";
import {
  ApiProblem,
  createApiClient,
  type KeptTransaction,
  OutcomeUnknown,
  resubmitKept,
  submitSafely,
  type TransactionStore,
} from "../../src/client/index.ts";
import type { DecodedTransaction } from "../../src/protocol/transaction.ts";
import { type ApiRig, alice, bob, openApiRig } from "../http/api-rig.ts";

/** What happens to a request: its answer arrives, is lost on the way back, or nobody hears the request. */
type Line = "good" | "answer-lost" | "away" | "busy";

class Kept implements TransactionStore {
  readonly transactions = new Map<string, KeptTransaction>();
  keep(transaction: KeptTransaction): void {
    this.transactions.set(transaction.id, transaction);
  }
  forget(id: string): void {
    this.transactions.delete(id);
  }
  kept(chainId: string): KeptTransaction[] {
    return [...this.transactions.values()]
      .filter((one) => one.chainId === chainId)
      .sort((one, other) => one.sequence - other.sequence);
  }
}

describe("submitting safely", () => {
  let rig: ApiRig;
  let line: Line[];
  let heard: string[];
  let keptWhenSent: number[];
  let store: Kept;
  let server: ReturnType<typeof createServer>;
  let api: ReturnType<typeof createApiClient>;

  beforeEach(async () => {
    rig = await openApiRig();
    [line, heard, keptWhenSent, store] = [[], [], [], new Kept()];
    server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const body = Buffer.concat(chunks);
      heard.push(String(body));
      keptWhenSent.push(store.transactions.size);
      const state = line.shift() ?? "good";
      if (state === "away") return void request.socket.destroy();
      if (state === "busy") return void response.writeHead(503, { "retry-after": "0" }).end();
      const headers = { "content-type": "application/json" };
      const answer = await fetch(`${rig.url}${request.url}`, { method: "POST", headers, body });
      const text = await answer.text();
      if (state === "answer-lost") return void request.socket.destroy();
      response
        .writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "" })
        .end(text);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    api = createApiClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { retries: 0 });
  });
  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await rig.close();
  });

  const chainId = () => toHex(rig.chain.spec.chainId);
  const pay = (sequence: number, amount = 100n): DecodedTransaction =>
    rig.sign(
      { kind: "transfer", to: bob.publicKey, assetId: new Uint8Array(32), amount, memo: new Uint8Array(0) },
      alice,
      { sequence },
    );
  const bobHas = () => rig.chain.ledger.account(toHex(bob.publicKey))?.balance ?? 0n;

  it("sends the same bytes until it has an answer, kept before the first one leaves, and pays once", async () => {
    line = ["answer-lost", "away", "busy", "answer-lost"];
    const paid = pay(0);
    const answer = await submitSafely(api, paid, chainId(), { store });
    assert.equal(answer.id, paid.idHex);
    assert.deepEqual(keptWhenSent, [1, 1, 1, 1, 1]);
    assert.equal(new Set(heard).size, 1);
    assert.ok(heard[0]?.includes(toHex(paid.bytes)));
    assert.equal(store.transactions.size, 0);
    await rig.sealWaiting();
    assert.equal(bobHas(), 100n);
  });

  it("says that the outcome is not known, keeps the bytes, and sends them after the next start", async () => {
    line = ["answer-lost"];
    const lost = pay(0);
    const failed = submitSafely(api, lost, chainId().toUpperCase(), { store, tryForMs: 0 });
    await assert.rejects(failed, (thrown) => thrown instanceof OutcomeUnknown && thrown.id === lost.idHex);
    line = ["away"];
    const next = pay(1);
    await assert.rejects(submitSafely(api, next, chainId(), { store, tryForMs: 0 }), OutcomeUnknown);
    await rig.sealWaiting();
    assert.equal(bobHas(), 100n, "the first one had arrived");
    assert.equal(store.transactions.size, 2);
    const fates = await resubmitKept(api, chainId(), { store });
    assert.deepEqual(
      fates.map((one) => [one.id, one.fate, one.fate === "sent" && one.answer.status]),
      [
        [lost.idHex, "sent", "committed"],
        [next.idHex, "sent", "pending"],
      ],
    );
    assert.equal(store.transactions.size, 0);
    await rig.sealWaiting();
    assert.equal(bobHas(), 200n);
    assert.deepEqual(await resubmitKept(api, chainId(), { store }), []);
  });

  it("forgets what is refused, unless an earlier try may have brought it to some node", async () => {
    const tooMuch = pay(0, 10n ** 15n);
    const refused = (thrown: unknown) => thrown instanceof ApiProblem && thrown.status < 500;
    await assert.rejects(submitSafely(api, tooMuch, chainId(), { store }), refused);
    assert.equal(store.transactions.size, 0);
    line = ["away"];
    await assert.rejects(submitSafely(api, tooMuch, chainId(), { store }), refused);
    assert.equal(store.transactions.size, 1);
    const [fate] = await resubmitKept(api, chainId(), { store });
    assert.ok(fate?.fate === "refused" && refused(fate.problem));
    assert.equal(store.transactions.size, 1);
  });

  it("forgets what the chain can never execute any more", async () => {
    line = ["away"];
    await assert.rejects(submitSafely(api, pay(0, 1n), chainId(), { store, tryForMs: 0 }), OutcomeUnknown);
    await submitSafely(api, pay(0, 2n), chainId(), { store: new Kept() });
    await rig.sealWaiting();
    const [fate] = await resubmitKept(api, chainId(), { store });
    assert.ok(
      fate?.fate === "refused" && fate.problem.code === "transaction/sequence-used",
      JSON.stringify(fate),
    );
    assert.equal(store.transactions.size, 0);
    assert.equal(bobHas(), 2n);
  });

  it("sends nothing to a chain that was begun anew, and nothing once it is told to end", async () => {
    line = ["away"];
    await assert.rejects(submitSafely(api, pay(0), chainId(), { store, tryForMs: 0 }), OutcomeUnknown);
    assert.deepEqual(await resubmitKept(api, "ab".repeat(32), { store }), []);
    const ended = AbortSignal.abort(new Error("the program ends"));
    await assert.rejects(resubmitKept(api, chainId(), { store, signal: ended }), /the program ends/);
    assert.equal(store.transactions.size, 1);
    assert.equal(heard.length, 1);
  });
});
