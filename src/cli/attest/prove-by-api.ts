/** Puts a proof file together from what a running node answers; nothing of it is believed before it is verified. */

import { getGenesis } from "../../api/genesis.ts";
import {
  getAccountProof,
  getLight,
  getTransactionProof,
  type LightAnswer,
  lightItemsMax,
} from "../../api/light.ts";
import {
  encodeProof,
  type ProofClaim,
  type ProofDocument,
  proofFormat,
  readProof,
} from "../../attest/proof/proof-document.ts";
import { claimOf, recoveriesIn, verifyProof } from "../../attest/proof/verify-proof.ts";
import type { ApiClient } from "../../client/api-client.ts";
import { ApiProblem } from "../../client/api-problem.ts";
import { exitCodes, OperatorError } from "../../node/operator-error.ts";

/** The chain goes on while it is asked: what did not fit together is asked for once more. */
const tries = 3;

/** @throws ApiProblem if the node has no such thing; OperatorError if what it answers does not hold */
export async function proveByApi(reference: string, client: ApiClient): Promise<ProofDocument> {
  let fault = "";
  for (let attempt = 0; attempt < tries; attempt += 1) {
    const gathered = await gather(reference, client);
    const read = readProof(encodeProof({ ...gathered, claim: placeholder }));
    if (!read.ok) {
      fault = read.fault;
      continue;
    }
    const claim = claimOf(read.value);
    const proof = claim.ok ? { ...read.value, claim: claim.value } : read.value;
    const verified = verifyProof(proof, { trusted: recoveriesIn(proof), nowMs: Date.now() });
    if (verified.ok) return proof;
    fault = verified.fault;
  }
  throw new OperatorError("the node's proof does not hold", {
    code: "attest/does-not-follow",
    exitCode: exitCodes.doesNotHold,
    why: fault,
    next: "ask another node of the chain with --api, or prove it from a ledger with --ledger",
  });
}

const placeholder: ProofClaim = { kind: "transaction", id: "", position: 0 };

async function gather(reference: string, client: ApiClient): Promise<Omit<ProofDocument, "claim">> {
  const { block, part } = await partOf(reference, client);
  const genesis = await client.call(getGenesis, {});
  const items = await lightItems(client);
  const { consensus } = block;
  return {
    format: proofFormat,
    chainId: genesis.chainId,
    name: String(genesis.spec.name),
    consensus,
    genesis: genesis.bytes,
    block: { height: block.height, hash: block.hash, header: block.header, nonce: block.nonce },
    ...part,
    ...(consensus === "poa"
      ? { finality: { steps: items, link: block.link, headers: block.headers } }
      : { work: { headers: Buffer.from(items.join(""), "hex").toString("base64") } }),
  };
}

async function partOf(reference: string, client: ApiClient) {
  if (/^[0-9a-fA-F]{64}$/.test(reference)) {
    try {
      const id = reference.toLowerCase();
      const { block, bytes, position, siblings } = await client.call(getTransactionProof, { params: { id } });
      return { block, part: { transaction: { bytes, position, siblings } } };
    } catch (thrown) {
      if (!(thrown instanceof ApiProblem) || thrown.status !== 404) throw thrown;
    }
  }
  const { block, items } = await client.call(getAccountProof, { params: { account: reference }, query: {} });
  return { block, part: { items } };
}

/** Light steps, or mined headers from block 1 up, as hex. */
async function lightItems(client: ApiClient): Promise<string[]> {
  const all: string[] = [];
  for (let from: number | null = 0; from !== null; ) {
    const page: LightAnswer = await client.call(getLight, { query: { from, limit: lightItemsMax } });
    all.push(...page.items.map(({ bytes }) => bytes));
    if (page.next !== null && page.next <= from) break;
    from = page.next;
  }
  return all;
}
