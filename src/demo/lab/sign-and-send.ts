/** Signs a payload for an account's next sequence, as a node's API tells it, and submits it there. */
import { getNextSequence } from "../../api/accounts.ts";
import { toHex } from "../../base/bytes.ts";
import type { ApiClient } from "../../client/api-client.ts";
import type { ChainSpec } from "../../protocol/genesis.ts";
import type { KeyPair } from "../../protocol/signing.ts";
import { type Payload, signTransaction } from "../../protocol/transaction.ts";

export interface Sender {
  readonly api: ApiClient;
  readonly spec: ChainSpec;
}

/** @returns the transaction's id in hex; throws ApiProblem if the node refuses it */
export async function signAndSend(
  { api, spec }: Sender,
  keyPair: KeyPair,
  payload: Payload,
): Promise<string> {
  const account = toHex(keyPair.publicKey);
  const { nextSequence } = await api.call(getNextSequence, { params: { account } });
  const transaction = signTransaction(
    {
      payload,
      sequence: nextSequence,
      fee: spec.genesis.minimumFee,
      validUntil: 0,
      timestampMs: Date.now(),
    },
    keyPair,
    spec.chainId,
  );
  await api.submit(transaction.bytes);
  return transaction.idHex;
}
