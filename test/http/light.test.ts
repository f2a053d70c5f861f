/** The routes for readers who believe no node: what they answer is verified from the chain id on. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type {
  AccountProofAnswer,
  BlockProofAnswer,
  LightAnswer,
  TransactionProofAnswer,
} from "../../src/api/light.ts";
import type { Problem } from "../../src/api/problem.ts";
import { fromHex, toHex } from "../../src/base/bytes.ts";
import { authorityStateOf } from "../../src/consensus/poa/authority-state.ts";
import { lightSourceOf } from "../../src/http/light-source.ts";
import { accountProofAnswer, blockProofAnswer, shownFinalRecord } from "../../src/http/proof-answers.ts";
import { type AccountEntry, entryKeys } from "../../src/ledger/entry.ts";
import { AttestedBlockType } from "../../src/light/attested-block.ts";
import { type AuthorityLight, beginAuthorityLight, followStep } from "../../src/light/authority-light.ts";
import { stepsAfter } from "../../src/light/build-steps.ts";
import { verifyEntry } from "../../src/light/entry-proof.ts";
import { verifyFinality } from "../../src/light/finality-proof.ts";
import { decodeLightStep, type LightStep } from "../../src/light/light-step.ts";
import { verifyTransaction } from "../../src/light/transaction-proof.ts";
import { HeaderType } from "../../src/protocol/block.ts";
import { zeroBytes32 } from "../../src/protocol/hashing.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import { verifySignature } from "../../src/protocol/signing.ts";
import { signVote } from "../../src/protocol/vote.ts";
import { type ApiRig, alice, authority, bob, openApiRig } from "./api-rig.ts";

let rig: ApiRig;
const bytes = (hex: string) => fromHex(hex) as Uint8Array;
const none = new Uint8Array(0);
const transferred = 500_000_000n;

async function ask<Answer>(path: string, status = 200): Promise<Answer> {
  const answer = await fetch(`${rig.url}${path}`);
  const body = await answer.json();
  assert.equal(answer.status, status, JSON.stringify(body));
  return body as Answer;
}

/** The one authority votes for the head, as its voter would. */
function vote(): void {
  const { head, spec } = rig.chain;
  const { justified } = authorityStateOf(head);
  const target = { height: head.header.height, hash: head.hash };
  const added = rig.chain.addVote(signVote(spec.chainId, justified, target, authority));
  assert.ok(added.ok);
}

async function seal(sequence: number, memo = none): Promise<string> {
  const payload = {
    kind: "transfer",
    to: bob.publicKey,
    assetId: zeroBytes32,
    amount: transferred,
    memo,
  } as const;
  const signed = rig.sign(payload, alice, { sequence });
  assert.ok((await rig.mempool.addMany([signed]))[0]?.ok);
  await rig.sealWaiting();
  return signed.idHex;
}

async function followed(): Promise<AuthorityLight> {
  const { items } = await ask<LightAnswer>("/v1/light?from=0");
  return following(
    items.map((item) => {
      const step = decodeLightStep(bytes(item.bytes));
      assert.ok(step.ok);
      return step.value;
    }),
  );
}

function following(steps: readonly LightStep[]): AuthorityLight {
  const { spec } = rig.chain;
  let light = beginAuthorityLight(spec);
  for (const step of steps) {
    const next = followStep(light, step, { spec, verify: verifySignature });
    assert.ok(next.ok, JSON.stringify(next));
    light = next.value;
  }
  return light;
}

function provenHeader(light: AuthorityLight, proof: BlockProofAnswer) {
  const proven = verifyFinality(
    light,
    {
      link: proof.link.map((block) => AttestedBlockType.deserialize(bytes(block))),
      headers: [proof.header, ...proof.headers].map((header) => HeaderType.deserialize(bytes(header))),
    },
    { spec: rig.chain.spec, verify: verifySignature },
  );
  assert.ok(proven.ok, JSON.stringify(proven));
  assert.equal(toHex(proven.value.hash), proof.hash);
  return proven.value.header;
}

describe("proofs over HTTP", () => {
  let first: string;
  before(async () => {
    rig = await openApiRig();
    first = await seal(0);
  });
  after(() => rig.close());

  it("has none of what is not final, and says when to ask again", async () => {
    for (const path of [`/v1/transactions/${first}/proof`, "/v1/blocks/head/proof"]) {
      assert.equal((await ask<Problem>(path, 409)).code, "proof/not-final");
    }
    const { items, head } = await ask<LightAnswer>("/v1/light");
    assert.deepEqual(items, []);
    assert.equal(head.height, rig.chain.head.header.height);
    const unsent = "ab".repeat(32);
    assert.equal(
      (await ask<Problem>(`/v1/transactions/${unsent}/proof`, 404)).code,
      "transaction/not-committed",
    );
  });

  it("leads from the chain id to a block, a transaction and a balance", async () => {
    for (let sequence = 1; sequence < 5; sequence += 1) {
      vote();
      await seal(sequence);
    }
    vote();
    const light = await followed();
    assert.ok(light.final.height >= 2);
    const proof = await ask<TransactionProofAnswer>(`/v1/transactions/${first}/proof`);
    const header = provenHeader(light, proof.block);
    const inclusion = {
      bytes: bytes(proof.bytes),
      position: proof.position,
      siblings: proof.siblings.map(bytes),
    };
    const proven = verifyTransaction(header, inclusion);
    assert.ok(proven.ok && proven.value.decoded.idHex === first);

    const address = addressOf(bob.publicKey);
    const account = await ask<AccountProofAnswer>(`/v1/accounts/${address}/proof`);
    assert.equal(account.block.height, rig.chain.final?.height);
    const [item] = account.items;
    assert.ok(item?.kind === "account");
    const entry = verifyEntry(
      provenHeader(light, account.block),
      { ...item, bytes: bytes(item.bytes), siblings: item.siblings.map(bytes) },
      entryKeys.account(toHex(bob.publicKey)),
    );
    assert.ok(entry.ok);
    assert.equal((entry.value as AccountEntry).balance, transferred * BigInt(account.block.height));
    const genesis = await ask<BlockProofAnswer>("/v1/blocks/0/proof");
    provenHeader(light, genesis);
  });

  it("proves what is final up to where the way leads, also before the node has written that down", async () => {
    await seal(5);
    const { chain } = rig;
    const before = chain.final?.height as number;
    vote();
    // Nothing here waits: the final block that the vote has made is not on disk yet.
    assert.equal(chain.final?.height, before);
    const light = following(stepsAfter(0, lightSourceOf(chain), 100).steps.map(({ step }) => step));
    const account = accountProofAnswer(bob.publicKey, undefined, chain);
    const named = blockProofAnswer(shownFinalRecord(chain), chain);
    assert.equal(chain.final?.height, before);
    assert.equal(light.final.height, before + 1);
    for (const proof of [account.block, named]) {
      assert.equal(provenHeader(light, proof).height, light.final.height);
    }
  });

  it("proves nothing of who is not there, and does not take a height for an account", async () => {
    const nobody = addressOf(new Uint8Array(32).fill(9));
    assert.equal((await ask<Problem>(`/v1/accounts/${nobody}/proof`, 404)).code, "account/not-found");
    assert.equal((await ask<Problem>("/v1/light?from=-1", 400)).code, "api/request-invalid");
    assert.equal((await ask<Problem>("/v1/light?limit=1001", 400)).code, "api/request-invalid");
    assert.equal((await ask<Problem>("/v1/blocks/9999/proof", 404)).code, "block/not-found");
  });
});
