/** The API over HTTP against a real chain: each route, each refusal, who may ask, and how it ends. */
import assert from "node:assert/strict";
import http from "node:http";
import net from "node:net";
import { after, before, describe, it } from "node:test";
import type { AccountAnswer } from "../../src/api/accounts.ts";
import type { BlockAnswer } from "../../src/api/blocks.ts";
import type { NodeAnswer } from "../../src/api/node-status.ts";
import type { Problem } from "../../src/api/problem.ts";
import type { TransactionAnswer } from "../../src/api/transactions.ts";
import { fromUtf8, toHex } from "../../src/base/bytes.ts";
import type { Logger } from "../../src/base/logger.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { createApi } from "../../src/http/api.ts";
import { signConsent } from "../../src/protocol/authority-consent.ts";
import { parseDocumentedSignature } from "../../src/protocol/documented-signature.ts";
import { zeroBytes32 } from "../../src/protocol/hashing.ts";
import { addressOf, nodeIdOf } from "../../src/protocol/identity.ts";
import type { KeyPair } from "../../src/protocol/signing.ts";
import { authorityActions, type Payload } from "../../src/protocol/transaction.ts";
import { type ApiRig, alice, aliceAur, authority, bob, keyOfTest, openApiRig } from "./api-rig.ts";

const aliceAddress = addressOf(alice.publicKey);
const bobAddress = addressOf(bob.publicKey);
const noBytes = new Uint8Array(0);

const record = (text: string): Payload => ({ kind: "record", data: fromUtf8(text) });
const transfer = (to: Uint8Array, amount: bigint, assetId = zeroBytes32): Payload => ({
  kind: "transfer",
  to,
  assetId,
  amount,
  memo: fromUtf8("thanks"),
});

const noConsent = new Uint8Array(64);
const voteFor = ({ publicKey }: KeyPair, consent: Uint8Array): Payload => ({
  kind: "authorityVote",
  action: authorityActions.add,
  authority: publicKey,
  expiresAtHeight: 50,
  consent,
});

interface Answered<Body> {
  readonly status: number;
  readonly body: Body;
}

async function get<Body = Problem>(rig: ApiRig, path: string): Promise<Answered<Body>> {
  const response = await fetch(`${rig.url}${path}`);
  return { status: response.status, body: (await response.json()) as Body };
}

async function post(
  rig: ApiRig,
  body: string,
  type = "application/json",
): Promise<Answered<Omit<Problem, "status"> & { id?: string; status?: unknown }>> {
  const response = await fetch(`${rig.url}/v1/transactions`, {
    method: "POST",
    headers: { "content-type": type },
    body,
  });
  return { status: response.status, body: (await response.json()) as Problem };
}

const postBytes = (rig: ApiRig, bytes: Uint8Array) => post(rig, JSON.stringify({ bytes: toHex(bytes) }));

describe("the API of a chain with some blocks", () => {
  let rig: ApiRig;
  let assetId: string;
  before(async () => {
    rig = await openApiRig();
    const issue = rig.sign(
      {
        kind: "issueAsset",
        symbol: fromUtf8("GOLD"),
        name: fromUtf8("Gold grams"),
        decimals: 3,
        supply: 5_000n,
        metadata: noBytes,
      },
      alice,
      { sequence: 1 },
    );
    assetId = issue.idHex;
    const transactions = [
      rig.sign({ kind: "registerUser", name: fromUtf8("alice@example.com") }, alice),
      issue,
      rig.sign(transfer(bob.publicKey, 1_050_000_000n), alice, { sequence: 2 }),
      rig.sign(record("hello"), bob),
    ];
    for (const { bytes } of transactions) assert.equal((await postBytes(rig, bytes)).status, 202);
    await rig.sealWaiting();
    const gold = rig.sign(transfer(bob.publicKey, 1_250n, issue.id), alice, { sequence: 3 });
    assert.equal((await postBytes(rig, gold.bytes)).status, 202);
    await rig.sealWaiting();
  });
  after(() => rig.close());

  it("GET /v1/node gives the status and the minimum fee", async () => {
    const { status, body } = await get<NodeAnswer>(rig, "/v1/node");
    assert.equal(status, 200);
    assert.equal(body.head.height, rig.chain.head.header.height);
    assert.equal(body.head.hash, rig.chain.head.hashHex);
    assert.deepEqual(body.authorities, [addressOf(authority.publicKey)]);
    assert.equal(body.minimumFeeUnits, "0");
  });

  it("GET /v1/blocks/… finds a block by head, height and hash, with a real signature", async () => {
    const byHead = await get<BlockAnswer>(rig, "/v1/blocks/head");
    const { height, hash } = byHead.body;
    assert.deepEqual((await get<BlockAnswer>(rig, `/v1/blocks/${height}`)).body, byHead.body);
    assert.deepEqual((await get<BlockAnswer>(rig, `/v1/blocks/${hash}`)).body, byHead.body);
    assert.deepEqual((await get<BlockAnswer>(rig, `/v1/blocks/${hash.toUpperCase()}`)).body, byHead.body);
    assert.equal(byHead.body.producer, addressOf(authority.publicKey));
    assert.equal(byHead.body.canonical, true);
    assert.equal(byHead.body.final, false);
    assert.equal(byHead.body.transactions.length, byHead.body.transactionCount);
    assert.equal(toHex(parseDocumentedSignature(byHead.body.signature ?? "")?.hash ?? noBytes), hash);
    const genesis = await get<BlockAnswer>(rig, "/v1/blocks/0");
    assert.equal(genesis.body.producer, null);
    assert.equal(genesis.body.final, true);
    assert.equal(genesis.body.signature, null);
  });

  it("GET /v1/blocks lists the newest by default, and a range from a height", async () => {
    const { headHeight, blocks } = await rig.client.blocks();
    assert.equal(headHeight, rig.chain.head.header.height);
    assert.deepEqual(
      blocks.map(({ height }) => height),
      Array.from({ length: headHeight + 1 }, (_, height) => height),
    );
    const one = await rig.client.blocks({ from: 1, limit: 1 });
    assert.deepEqual(
      one.blocks.map(({ height }) => height),
      [1],
    );
    assert.deepEqual((await rig.client.blocks({ limit: 1 })).blocks, [blocks.at(-1)]);
    assert.deepEqual((await rig.client.blocks({ from: headHeight + 1 })).blocks, []);
  });

  it("GET /v1/transactions/{id} shows a committed transfer of an asset, readable", async () => {
    const head = await rig.client.block("head");
    const id = head.transactions[0]?.id ?? "";
    const { status, body } = await get<TransactionAnswer>(rig, `/v1/transactions/${id}`);
    assert.equal(status, 200);
    assert.ok(body.status === "committed");
    const { timestampMs } = head;
    const time = new Date(timestampMs).toISOString();
    assert.deepEqual(body.block, { height: head.height, hash: head.hash, timestampMs, time });
    assert.equal(body.senderName, "alice@example.com");
    assert.deepEqual(body.payload, {
      kind: "transfer",
      to: bobAddress,
      toName: null,
      assetId,
      symbol: "GOLD",
      amount: "1.25",
      amountUnits: "1250",
      memo: "thanks",
    });
  });

  it("GET /v1/accounts/… finds an account by address, key and name", async () => {
    const { body } = await get<AccountAnswer>(rig, `/v1/accounts/${aliceAddress}`);
    const spent = 1_050_000_000n;
    assert.deepEqual(body, {
      address: aliceAddress,
      name: "alice@example.com",
      publicKey: toHex(alice.publicKey),
      balance: "989.5",
      balanceUnits: (BigInt(aliceAur) * 10n ** 8n - spent).toString(),
      immature: "0",
      immatureUnits: "0",
      sequence: 4,
      pendingSequence: 4,
      assets: [{ assetId, symbol: "GOLD", balance: "3.75", balanceUnits: "3750" }],
      assetCount: 1,
      balances: body.balances,
      // The allocation, and what alice sent.
      itemCount: 5,
      head: { height: rig.chain.head.header.height, hash: rig.chain.head.hashHex },
    } satisfies AccountAnswer);
    for (const reference of [toHex(alice.publicKey), "alice%40example.com", "Alice@Example.com"]) {
      assert.deepEqual((await get(rig, `/v1/accounts/${reference}`)).body, body);
    }
  });

  it("answers a zero account for an address that the ledger does not know, and 404 for a name", async () => {
    const stranger = addressOf(keyOfTest(9).publicKey);
    const unknown = await get<AccountAnswer>(rig, `/v1/accounts/${stranger}`);
    assert.equal(unknown.status, 200);
    assert.equal(unknown.body.balance, "0");
    assert.equal(unknown.body.sequence, 0);
    const name = await get(rig, "/v1/accounts/nobody@example.com");
    assert.equal(name.status, 404);
    assert.equal(name.body.code, "account/not-found");
    const damaged = await get(rig, `/v1/accounts/${stranger.slice(0, -1)}q`);
    assert.equal(damaged.status, 400);
    assert.equal(damaged.body.code, "api/address-invalid");
  });

  it("GET /v1/assets/{id} shows an asset's terms", async () => {
    assert.deepEqual(await rig.client.asset(assetId), {
      assetId,
      symbol: "GOLD",
      name: "Gold grams",
      decimals: 3,
      supply: "5",
      supplyUnits: "5000",
      issuer: aliceAddress,
      issuerName: "alice@example.com",
      metadata: "",
      head: { height: rig.chain.head.header.height, hash: rig.chain.head.hashHex },
    });
    assert.equal((await get(rig, `/v1/assets/${"5".repeat(64)}`)).status, 404);
  });

  it("answers a committed transaction that is sent again as done", async () => {
    const { bytes, idHex } = rig.sign(record("hello"), bob);
    const { height, hash } = await rig.client.block("head");
    const body = { id: idHex, status: "committed", final: false, head: { height, hash } };
    assert.deepEqual(await postBytes(rig, bytes), { status: 200, body });
  });

  it("says 404 for what is not there", async () => {
    for (const path of [
      "/v1/blocks/99999",
      `/v1/blocks/${"a".repeat(64)}`,
      `/v1/transactions/${"a".repeat(64)}`,
      "/v1/nothing",
      "/nothing",
      "/assets/nothing.js",
    ]) {
      const { status, body } = await get(rig, path);
      assert.equal(status, 404, path);
      assert.ok(body.code && body.detail && body.next, path);
    }
  });

  it("says 400 for what cannot be", async () => {
    for (const path of [
      "/v1/blocks/-1",
      "/v1/blocks/tail",
      "/v1/blocks?limit=101",
      "/v1/blocks?limit=0",
      "/v1/blocks?from=x",
      "/v1/blocks?form=1",
      "/v1/transactions/12",
      "/v1/assets/gold",
      "/v1/accounts/%FF",
    ]) {
      const { status, body } = await get(rig, path);
      assert.equal(status, 400, path);
      assert.equal(body.code, "api/request-invalid", path);
    }
  });
});

describe("POST /v1/transactions", () => {
  let rig: ApiRig;
  before(async () => {
    rig = await openApiRig({ minimumFee: "0.001" });
  });
  after(() => rig.close());

  it("takes a transaction as pending, again when it is repeated, and says when one before it is missing", async () => {
    const first = rig.sign(record("one"), alice);
    const third = rig.sign(record("three"), alice, { sequence: 2 });
    const head = { height: 0, hash: rig.chain.head.hashHex };
    const body = { id: first.idHex, status: "pending", final: false, head };
    const pending = { status: 202, body };
    assert.deepEqual(await postBytes(rig, first.bytes), pending);
    assert.deepEqual(await postBytes(rig, first.bytes), pending);
    assert.equal((await postBytes(rig, third.bytes)).status, 202);
    const shown = await rig.client.transaction(first.idHex);
    assert.ok(shown.status === "pending" && shown.ready);
    assert.deepEqual(shown.payload, { kind: "record", data: "one" });
    const held = await rig.client.transaction(third.idHex);
    assert.ok(held.status === "pending" && !held.ready);
    assert.equal(held.missingSequence, 1);
    assert.equal(held.waitingFor, "sequence 1, which is missing");
    assert.equal(shown.waitingFor, "the next block");
    assert.equal(shown.missingSequence, null);
    assert.equal(shown.replacementFeeUnits, "110000");
    const account = await rig.client.account(aliceAddress);
    assert.equal(account.sequence, 0);
    assert.equal(account.pendingSequence, 1);
  });

  it("shows why a transaction was dropped", async () => {
    const cheap = rig.sign(record("cheap"), alice, { sequence: 1 });
    const dear = rig.sign(record("dear"), alice, { sequence: 1, fee: 1_000_000n });
    assert.equal((await postBytes(rig, cheap.bytes)).status, 202);
    assert.equal((await postBytes(rig, dear.bytes)).status, 202);
    const dropped = await rig.client.transaction(cheap.idHex);
    assert.ok(dropped.status === "dropped");
    assert.equal(dropped.reason.code, "mempool/replaced");
    assert.match(dropped.reason.message, new RegExp(dear.idHex));
  });

  it("replaces none if it is told so, and gives the fields of the fault", async () => {
    const waiting = rig.sign(record("waiting"), alice, { sequence: 1 });
    const by = rig.mempool.at(toHex(alice.publicKey), 1)?.idHex;
    const post = (bytes: Uint8Array, replace: unknown) =>
      fetch(`${rig.url}/v1/transactions`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ bytes: toHex(bytes), replace }),
      });
    const refused = await post(waiting.bytes, false);
    assert.equal(refused.status, 409);
    const error = (await refused.json()) as Problem;
    assert.equal(error.code, "mempool/sequence-taken");
    assert.deepEqual(error.details, { sequence: 1, by });
    const cheap = await post(waiting.bytes, true);
    const tooCheap = (await cheap.json()) as Problem;
    assert.deepEqual(tooCheap.details, { id: by, needed: "1100000", actual: "100000" });
    assert.equal((await post(waiting.bytes, "perhaps")).status, 400);
  });

  it("says what had the missing sequence, and why it was dropped", async () => {
    const two = rig.sign(record("two"), alice, { sequence: 4 });
    const one = rig.sign(record("one"), alice, { sequence: 3 });
    for (const each of [one, two]) assert.equal((await postBytes(rig, each.bytes)).status, 202);
    const atThree = await rig.client.transaction(two.idHex);
    assert.ok(atThree.status === "pending" && atThree.missingBecause === null);
    rig.mempool.drop(one.idHex, { code: "transaction/name-taken", name: "lost@example.com" });
    const shown = await rig.client.transaction(two.idHex);
    assert.ok(shown.status === "pending");
    assert.equal(shown.missingSequence, 3);
    assert.equal(shown.missingBecause?.id, one.idHex);
    assert.match(
      shown.waitingFor,
      /sequence 3, which is missing \(.* was dropped: the name lost@example\.com is taken\)/,
    );
  });

  it("takes an authority's vote, and shows what it asks for", async () => {
    const candidate = keyOfTest(8);
    const consent = signConsent(rig.chain.spec.chainId, 50, candidate);
    const vote = rig.sign(voteFor(candidate, consent), authority, { fee: 0n });
    assert.equal((await postBytes(rig, vote.bytes)).status, 202);
    const shown = await rig.client.transaction(vote.idHex);
    assert.ok(shown.status === "pending" && shown.ready);
    assert.deepEqual(shown.payload, {
      kind: "authorityVote",
      action: "add",
      authority: addressOf(candidate.publicKey),
      authorityName: null,
      nodeId: nodeIdOf(candidate.publicKey),
      expiresAtHeight: 50,
    });
  });

  it("refuses with the fault, its own words and a next step", async () => {
    const valid = rig.sign(record("valid"), alice, { sequence: 9 });
    const spoiled = Uint8Array.from(valid.bytes);
    // Within the signature: after version, kind, sender, four integers and an offset.
    spoiled[80] = (spoiled[80] as number) ^ 1;
    const free = { sequence: 9, fee: 0n };
    const cases: [Uint8Array, number, string][] = [
      [valid.bytes.slice(0, 50), 400, "codec/malformed"],
      [Uint8Array.of(...valid.bytes, 0), 400, "transaction/signature-invalid"],
      [spoiled, 400, "transaction/signature-invalid"],
      [rig.sign(record("poor"), keyOfTest(7)).bytes, 422, "transaction/balance-too-low"],
      [rig.sign(record("cheap"), alice, { fee: 1n }).bytes, 422, "transaction/fee-too-low"],
      [rig.sign(record("far"), alice, { sequence: 5_000 }).bytes, 409, "mempool/sequence-too-far"],
      [rig.sign(record(""), alice, { sequence: 9 }).bytes, 422, "transaction/data-empty"],
      [rig.sign(voteFor(bob, noConsent), authority, free).bytes, 400, "transaction/vote-invalid"],
      [rig.sign(voteFor(bob, noConsent), alice, free).bytes, 422, "transaction/voter-not-authority"],
      [rig.sign(voteFor(authority, noConsent), authority, free).bytes, 409, "transaction/vote-useless"],
    ];
    for (const [bytes, status, code] of cases) {
      const answered = await postBytes(rig, bytes);
      assert.equal(answered.body.code, code);
      assert.equal(answered.status, status, code);
      assert.ok(answered.body.detail && answered.body.next, code);
    }
  });

  it("refuses bodies of another form, type or size", async () => {
    const cases: [string, string, number, string][] = [
      ["{}", "application/json", 400, "api/request-invalid"],
      ['{"bytes":"abc"}', "application/json", 400, "api/request-invalid"],
      ['{"bytes":12}', "application/json", 400, "api/request-invalid"],
      ['{"bytes":"00","more":1}', "application/json", 400, "api/request-invalid"],
      ['{"bytes":', "application/json", 400, "api/request-invalid"],
      ['{"bytes":"00"}', "text/plain", 415, "api/media-type"],
      [`{"bytes":"${"00".repeat(8_000)}"}`, "application/json", 400, "api/request-invalid"],
      [`{"bytes":"${"00".repeat(2_300_000)}"}`, "application/json", 413, "api/body-too-large"],
    ];
    for (const [body, type, status, code] of cases) {
      const answered = await post(rig, body, type);
      assert.equal(answered.status, status, body.slice(0, 40));
      assert.equal(answered.body.code, code);
    }
  });
});

describe("the API's door", () => {
  /** fetch sets the Host header itself, so this asks by hand. */
  function ask(url: string, headers: Record<string, string>): Promise<http.IncomingMessage> {
    return new Promise((resolve, reject) => {
      http
        .get(`${url}/v1/node`, { headers, agent: false }, (response) => resolve(response.resume()))
        .on("error", reject);
    });
  }

  it("answers to loopback names alone, and never with CORS", async (t) => {
    const rig = await openApiRig();
    t.after(() => rig.close());
    const port = new URL(rig.url).port;
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`, "LOCALHOST"]) {
      assert.equal((await ask(rig.url, { host })).statusCode, 200, host);
    }
    for (const host of [
      `evil.example:${port}`,
      "127.0.0.1.evil.example",
      "localhost@evil.example",
      "127.0.0.2",
    ]) {
      assert.equal((await ask(rig.url, { host })).statusCode, 403, host);
    }
    const { headers } = await ask(rig.url, { host: "localhost", origin: "https://evil.example" });
    assert.equal(headers["access-control-allow-origin"], undefined);
  });

  it("listens on 127.0.0.1 and says so when the port is taken", async (t) => {
    const rig = await openApiRig();
    t.after(() => rig.close());
    assert.equal(new URL(rig.url).hostname, "127.0.0.1");
    const port = Number(new URL(rig.url).port);
    const { chain, mempool } = rig;
    const second = createApi(
      { port },
      {
        chain,
        mempool,
        submitMany: (transactions) => mempool.addMany(transactions),
        status: () => assert.fail("nobody asks"),
        peers: () => assert.fail("nobody asks"),
        software: "aurex/test",
        logger: silentLogger,
      },
    );
    await assert.rejects(second.start(), { code: "EADDRINUSE" });
    await second.stop();
  });

  it("hides a bug behind 500 and writes it to the log", async (t) => {
    const logged: object[] = [];
    const logger: Logger = { ...silentLogger, error: (fields) => logged.push(fields) };
    const rig = await openApiRig({
      logger,
      beforeSubmit: () => Promise.reject(new Error("the secret reason")),
    });
    t.after(() => rig.close());
    const answered = await postBytes(rig, rig.sign(record("x"), alice).bytes);
    assert.equal(answered.status, 500);
    assert.equal(answered.body.code, "api/bug");
    assert.doesNotMatch(JSON.stringify(answered.body), /secret/);
    assert.equal(logged.length, 1);
  });

  it("lets a request that runs end, and drops idle connections, when it stops", async () => {
    const entered = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const rig = await openApiRig({
      beforeSubmit: () => {
        entered.resolve();
        return release.promise;
      },
    });
    const idle = net.connect(Number(new URL(rig.url).port), "127.0.0.1");
    const idleClosed = new Promise<void>((resolve) => idle.once("close", () => resolve()));
    await new Promise<void>((resolve) => idle.once("connect", () => resolve()));
    idle.write("GET /v1/node HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await new Promise<void>((resolve) => idle.once("data", () => resolve()));
    const running = postBytes(rig, rig.sign(record("x"), alice).bytes);
    await entered.promise;
    const stopped = rig.close();
    await idleClosed;
    release.resolve();
    assert.equal((await running).status, 202);
    await stopped;
    await assert.rejects(fetch(`${rig.url}/v1/node`));
  });
});
