/** Pays somebody, waits until the payment is final, and believes no node that it was. Runs in Node and in browsers. */
import {
  addressOf,
  buildTransfer,
  createApiClient,
  fromHex,
  keyPairFromSeed,
  LightClient,
  parseAmount,
  publicKeyOfAddress,
  submitSafely,
} from "aurex/client";

/**
 * @param {object} payment
 * @param {string} payment.url of any node's API, e.g. http://127.0.0.1:13280
 * @param {string} payment.chainId 64 hex digits, from somewhere you trust: all else is verified
 * @param {string} payment.seed 64 hex digits: the secret key
 * @param {string} payment.to an address
 * @param {string} payment.amount AUR, e.g. "1.5"
 * @param {import("aurex/client").TransactionStore} payment.store where signed transactions survive a crash
 */
export async function payAndVerify({ url, chainId, seed, to, amount, store }) {
  const api = createApiClient(url);
  const keyPair = keyPairFromSeed(fromHex(seed, 32));

  // 1. Build and sign. The node is asked for the sequence and the fee; neither can make us pay more than we sign.
  const { pendingSequence } = await api.account(addressOf(keyPair.publicKey));
  const { minimumFeeUnits } = await api.node();
  const units = parseAmount(amount);
  if (!units.ok) throw new Error(units.fault.reason);
  const built = buildTransfer({
    keyPair,
    chainId: fromHex(chainId, 32),
    sequence: pendingSequence,
    fee: BigInt(minimumFeeUnits),
    validUntil: 0,
    timestampMs: Date.now(),
    to: publicKeyOfAddress(to),
    amount: units.value,
  });
  if (!built.ok) throw new Error(`${built.fault.field}: ${built.fault.reason}`);

  // 2. Keep the signed bytes, then send them until there is an answer.
  const { id } = await submitSafely(api, built.value, chainId, { store });

  // 3. Wait until it is final. What the node says here is only a hint of when to ask for the proof.
  for (;;) {
    const now = await api.transaction(id);
    if (now.status === "dropped") throw new Error(`dropped: ${now.reason.message}`);
    if (now.status === "committed" && now.final) break;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }

  // 4. Verify: from the chain id over the authorities to the block, from the block to the transaction and the balance.
  const opened = await LightClient.open({ chainId, api });
  if (!opened.ok) throw new Error(opened.fault.reason);
  const payment = await opened.value.verifyTransaction(id);
  if (!payment.ok) throw new Error(`${payment.fault.code}: ${payment.fault.reason}`);
  const balance = await opened.value.verifyBalance(to);
  if (!balance.ok) throw new Error(`${balance.fault.code}: ${balance.fault.reason}`);
  return {
    id,
    height: payment.value.block.height,
    received: balance.value.balance,
    steps: [...opened.steps, ...payment.steps, ...balance.steps].map(
      ({ check, what }) => `${check}: ${what}`,
    ),
  };
}
