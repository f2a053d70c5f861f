/** Lies about transactions and balances. */
import { toHex } from "../../../src/base/bytes.ts";
import { decodeEntry, encodeEntry } from "../../../src/ledger/entry-codec.ts";
import { signTransaction, TransactionType } from "../../../src/protocol/transaction.ts";
import { alice, bob } from "../../chain/block-builder.ts";
import { type Answer, bytesOf, flip, flipHex, inProvenHeader, on } from "./edits.ts";
import type { Lie } from "./lying-node.ts";
import type { Stage } from "./stages.ts";
import { type Ask, asked, type Stages, type Told, type ToldLie } from "./told.ts";

export async function transactionLies({ poa, pow }: Stages, ask: Ask): Promise<ToldLie[]> {
  const { id, otherId } = poa.full;
  const isProof = /\/proof/;
  const another = await ask(poa, `/v1/transactions/${otherId}/proof`);
  const nextBlock = await ask(poa, `/v1/blocks/${poa.full.height + 1}/proof`);
  const misplaced = "light/proof-invalid";
  const inBytes = (edit: (transaction: Answer) => void): Lie =>
    on(isProof, (answer) => {
      const transaction = TransactionType.deserialize(bytesOf(answer.bytes));
      edit(transaction);
      return { ...answer, bytes: toHex(TransactionType.serialize(transaction)) };
    });
  const resigned = (answer: Answer): Answer => {
    const chainId = poa.rig.chain.spec.chainId;
    const payload = {
      kind: "transfer",
      to: alice.publicKey,
      assetId: new Uint8Array(32),
      amount: 900n,
      memo: new Uint8Array(0),
    } as const;
    const forged = signTransaction(
      { payload, sequence: 2, fee: 0n, validUntil: 0, timestampMs: 0 },
      bob,
      chainId,
    );
    return { ...answer, bytes: toHex(forged.bytes) };
  };
  const siblings = (edit: (siblings: string[]) => string[]): Lie =>
    on(isProof, (answer) => ({ ...answer, siblings: edit(answer.siblings) }));
  const told: Told[] = [
    ["another amount", inBytes(({ payload }) => void flip(payload, 64)), "light/signature-invalid"],
    ["another receiver", inBytes(({ payload }) => void flip(payload)), "light/signature-invalid"],
    ["another sender", inBytes(({ sender }) => void flip(sender)), "light/signature-invalid"],
    [
      "another fee",
      inBytes((transaction) => {
        transaction.fee += 1n;
      }),
      "light/signature-invalid",
    ],
    [
      "another sequence",
      inBytes((transaction) => {
        transaction.sequence += 1;
      }),
      "light/signature-invalid",
    ],
    [
      "a signature with a bit turned",
      inBytes(({ signature }) => void flip(signature, 5)),
      "light/signature-invalid",
    ],
    ["a signature of zeros", inBytes(({ signature }) => void signature.fill(0)), "light/signature-invalid"],
    ["a transaction that was signed, and never committed", on(isProof, resigned), misplaced],
    [
      "bytes behind the transaction",
      on(isProof, (answer) => ({ ...answer, bytes: `${answer.bytes}00` })),
      "light/malformed",
      "light/signature-invalid",
    ],
    [
      "bytes that are no transaction",
      on(isProof, (answer) => ({ ...answer, bytes: "0102" })),
      "light/malformed",
    ],
    [
      "another place in the block",
      on(isProof, (answer) => ({ ...answer, position: answer.position - 1 })),
      misplaced,
    ],
    ["a place beyond the block", on(isProof, (answer) => ({ ...answer, position: 8_000 })), misplaced],
    ["a place that is no number", on(isProof, (answer) => ({ ...answer, position: "4" })), "light/malformed"],
    ["a sibling with a bit turned", siblings(([first, ...rest]) => [flipHex(first!), ...rest]), misplaced],
    [
      "the last sibling with a bit turned",
      siblings((all) => [...all.slice(0, -1), flipHex(all.at(-1)!)]),
      misplaced,
    ],
    ["two siblings in each other's place", siblings(([a, b, ...rest]) => [b!, a!, ...rest]), misplaced],
    ["a sibling too few", siblings((all) => all.slice(1)), misplaced],
    ["a sibling too many", siblings((all) => [...all, all[0]!]), misplaced],
    ["no siblings", siblings(() => []), misplaced],
    [
      "a sibling that is too short",
      siblings(([first, ...rest]) => [first!.slice(2), ...rest]),
      "light/malformed",
    ],
    [
      "under the header of another block",
      on(isProof, (answer) => ({ ...answer, block: nextBlock })),
      misplaced,
    ],
    ["another true transaction", on(isProof, () => another), "light/not-what-was-asked"],
    [
      "another transactionsRoot",
      inProvenHeader(({ transactionsRoot }) => void flip(transactionsRoot)),
      "light/link-broken",
      "light/not-final",
    ],
  ];
  const workBlock = await ask(pow, `/v1/blocks/${pow.full.height + 1}/proof`);
  return [
    ...asked("poa", { ask: "transaction", of: id }, told),
    ...asked("pow", { ask: "transaction", of: pow.full.id }, [
      [
        "a transaction under another block of work",
        on(isProof, (answer) => ({ ...answer, block: workBlock })),
        misplaced,
      ],
      [
        "another transactionsRoot under work",
        inProvenHeader(({ transactionsRoot }) => void flip(transactionsRoot)),
        "light/block-unknown",
      ],
    ]),
  ];
}

export async function balanceLies({ poa, pow, otherPoa }: Stages, ask: Ask): Promise<ToldLie[]> {
  const isProof = /\/proof/;
  const proofOf = (stage: Stage, account: string) =>
    ask(stage, `/v1/accounts/${account}/proof?asset=${stage.asset}`);
  const others = await proofOf(otherPoa, otherPoa.bob);
  const alices = await proofOf(poa, poa.alice);
  const misplaced = "light/proof-invalid";
  const inItem = (kind: string, edit: (item: Answer) => Answer): Lie =>
    on(isProof, (answer) => ({
      ...answer,
      items: answer.items.map((item: Answer) => (item.kind === kind ? (edit(item) ?? item) : item)),
    }));
  const inEntry = (kind: string, edit: (entry: Answer) => void): Lie =>
    inItem(kind, (item) => {
      const decoded = decodeEntry(bytesOf(item.bytes));
      if (!decoded.ok) throw new Error(decoded.fault.code);
      const entry = { ...decoded.value };
      edit(entry);
      return { ...item, bytes: toHex(encodeEntry(entry)) };
    });
  const own = await proofOf(poa, poa.bob);
  const aliceItem = alices.items.find(({ kind }: Answer) => kind === "account");
  const aliceHolding = alices.items.find(({ kind }: Answer) => kind === "assetBalance");
  const byAddress: Told[] = [
    [
      "another balance",
      inEntry("account", (entry) => {
        entry.balance += 1n;
      }),
      misplaced,
    ],
    [
      "another sequence of the account",
      inEntry("account", (entry) => {
        entry.sequence += 1;
      }),
      misplaced,
    ],
    [
      "another holding of the asset",
      inEntry("assetBalance", (entry) => {
        entry.balance += 1n;
      }),
      misplaced,
    ],
    [
      "the holding of another account",
      on(isProof, (answer) => ({
        ...answer,
        items: answer.items.map((item: Answer) => (item.kind === "assetBalance" ? aliceHolding : item)),
      })),
      "light/not-what-was-asked",
    ],
    ["another leaf's index", inItem("account", (item) => ({ ...item, index: item.index + 1 })), misplaced],
    [
      "another number of leaves",
      inItem("account", (item) => ({ ...item, leafCount: item.leafCount + 1 })),
      misplaced,
    ],
    [
      "an index beyond the leaves",
      inItem("account", (item) => ({ ...item, index: item.leafCount })),
      misplaced,
    ],
    [
      "a sibling of the entry with a bit turned",
      inItem("account", (item) => ({
        ...item,
        siblings: [flipHex(item.siblings[0]), ...item.siblings.slice(1)],
      })),
      misplaced,
    ],
    [
      "siblings of the entry in another order",
      inItem("account", (item) => ({
        ...item,
        siblings: [item.siblings[1], item.siblings[0], ...item.siblings.slice(2)],
      })),
      misplaced,
    ],
    [
      "a sibling of the entry too few",
      inItem("account", (item) => ({ ...item, siblings: item.siblings.slice(1) })),
      misplaced,
    ],
    [
      "the true entry of another account",
      on(isProof, (answer) => ({ ...answer, items: [aliceItem] })),
      "light/not-what-was-asked",
    ],
    ["another account's whole answer", on(isProof, () => alices), "light/not-what-was-asked"],
    [
      "another account's answer under this key",
      on(isProof, () => ({ ...alices, publicKey: own.publicKey })),
      "light/not-what-was-asked",
    ],
    [
      "the name of another account",
      inEntry("user", (entry) => {
        entry.name = "alice@example.com";
      }),
      misplaced,
    ],
    ["an entry that is none", inItem("account", (item) => ({ ...item, bytes: "ff" })), "light/malformed"],
    [
      "a name that is an account",
      on(isProof, (answer) => ({ ...answer, items: [{ ...aliceItem, kind: "user" }, ...answer.items] })),
      "light/malformed",
      "light/proof-invalid",
    ],
    ["the balance of an hour ago", on(isProof, () => poa.early.balance), "light/stale"],
    [
      "the balance of another chain",
      on(isProof, () => others),
      "light/wrong-chain",
      "light/certificate-invalid",
    ],
    [
      "another state root",
      inProvenHeader(({ stateRoot }) => void flip(stateRoot)),
      "light/link-broken",
      "light/not-final",
    ],
    ["no entries", on(isProof, (answer) => ({ ...answer, items: [] })), "light/not-what-was-asked"],
    [
      "entries without end",
      on(isProof, (answer) => ({ ...answer, items: Array(5_000).fill(answer.items[0]) })),
      "light/malformed",
    ],
  ];
  const byName: Told[] = [
    ["another account for a name", on(isProof, () => alices), "light/not-what-was-asked"],
    [
      "a name that leads to another key",
      on(isProof, (answer) => ({
        ...answer,
        publicKey: alices.publicKey,
        items: [...answer.items.filter(({ kind }: Answer) => kind === "user"), aliceItem],
      })),
      "light/not-what-was-asked",
    ],
    [
      "no proof of the name",
      on(isProof, (answer) => ({
        ...answer,
        items: answer.items.filter(({ kind }: Answer) => kind !== "user"),
      })),
      "light/not-what-was-asked",
    ],
  ];
  return [
    ...asked("poa", { ask: "balance", of: poa.bob, asset: poa.asset }, byAddress),
    ...asked("poa", { ask: "balance", of: poa.bobsName }, byName),
    ...asked("pow", { ask: "balance", of: pow.bob }, [
      ["the balance of an hour ago, under work", on(isProof, () => pow.early.balance), "light/stale"],
      [
        "another balance under work",
        inEntry("account", (entry) => {
          entry.balance += 1n;
        }),
        misplaced,
      ],
    ]),
  ];
}
