/** Lesson 5: only the owner of a key can sign, and everybody can check it. */
import { useMemo, useState } from "preact/hooks";
import { fromHex, toHex } from "../../../base/bytes.ts";
import { addressOf } from "../../../protocol/identity.ts";
import type { KeyPair } from "../../../protocol/signing.ts";
import { isSignedBy, type Order, orderBytes, signOrder, throwawayPeople } from "../../learn/signed-order.ts";
import { useNode } from "../../live/node-view.ts";
import { Button } from "../../parts/button.tsx";
import { Card } from "../../parts/card.tsx";
import { Fact, Facts } from "../../parts/facts.tsx";
import { Field } from "../../parts/field.tsx";
import { Hash } from "../../parts/hash.tsx";
import { Tick } from "../../parts/tick.tsx";
import { Word } from "../../parts/word.tsx";
import { LessonFrame } from "./lesson-frame.tsx";
import { ComparedHash } from "./marked-hash.tsx";
import { randomBytes } from "./random-bytes.ts";

const firstOrder: Order = { amount: "5", memo: "for the book" };
/** Until the node has said which chain it is on. */
const noChain = "00".repeat(32);

interface Signed {
  readonly by: "Alice" | "Mallory";
  readonly signature: Uint8Array;
  readonly idHex: string;
}

export default function SignaturesLesson() {
  const { chainId } = useNode();
  const people = useMemo(() => throwawayPeople(randomBytes), []);
  const timestampMs = useMemo(() => Date.now(), []);
  const [order, setOrder] = useState(firstOrder);
  const [signed, setSigned] = useState<Signed>();
  const [isDone, setDone] = useState(false);
  const chain = fromHex(chainId ?? noChain, 32) ?? new Uint8Array(32);
  const bytes = orderBytes(order, people, chain, timestampMs);
  const fault = "fault" in bytes ? bytes.fault : undefined;
  const holds = signed && !("fault" in bytes) ? isSignedBy(bytes, signed.signature, people.alice) : undefined;
  const edit = (change: Partial<Order>) => {
    const next = { ...order, ...change };
    setOrder(next);
    const nextBytes = orderBytes(next, people, chain, timestampMs);
    if (
      signed?.by === "Alice" &&
      !("fault" in nextBytes) &&
      !isSignedBy(nextBytes, signed.signature, people.alice)
    ) {
      setDone(true);
    }
  };
  const signAs = (by: Signed["by"], keyPair: KeyPair) => {
    if ("fault" in bytes) return;
    setSigned({ by, signature: signOrder(bytes, keyPair), idHex: bytes.idHex });
  };
  return (
    <LessonFrame
      name="signatures"
      intro={
        <>
          Money moves if its owner signs an order, a <Word of="transaction" />. The private <Word of="key" />{" "}
          makes the <Word of="signature" />, and the public key shows to everybody that it is right. The
          signature covers every letter of the order and the chain that it is for.
        </>
      }
      task="sign the order as Alice, then change one letter or digit of it."
      isDone={isDone}
      seen={
        <>
          The signature was right for what Alice had signed and for nothing else. Nobody on the way can change
          the amount or the receiver, and nobody can sign for her. What must stay secret is her private key
          alone.
        </>
      }
    >
      <div class="lesson-halves">
        <Card title="The order" lead="never sent: the keys are made for this page and forgotten with it">
          <div class="stack">
            <Facts>
              <Fact
                label="From"
                meaning="Alice's public key, as an address. Her private key is in this page's memory."
              >
                Alice, <Hash value={addressOf(people.alice.publicKey)} />
              </Fact>
              <Fact label="To" meaning="Bob's public key, as an address.">
                Bob, <Hash value={addressOf(people.bob.publicKey)} />
              </Fact>
            </Facts>
            <Field label="Amount in AUR" fault={fault}>
              {(props) => (
                <input
                  {...props}
                  inputMode="decimal"
                  autoComplete="off"
                  value={order.amount}
                  onInput={({ currentTarget }) => edit({ amount: currentTarget.value })}
                />
              )}
            </Field>
            <Field label="Memo">
              {(props) => (
                <input
                  {...props}
                  autoComplete="off"
                  maxLength={120}
                  value={order.memo}
                  onInput={({ currentTarget }) => edit({ memo: currentTarget.value })}
                />
              )}
            </Field>
            <div class="row">
              <Button
                kind="main"
                disabled={fault !== undefined}
                onClick={() => signAs("Alice", people.alice)}
              >
                Sign as Alice
              </Button>
              <Button disabled={fault !== undefined} onClick={() => signAs("Mallory", people.mallory)}>
                Sign as Mallory, who has another key
              </Button>
            </div>
          </div>
        </Card>
        <Card title="What everybody checks">
          <div class="stack">
            <div>
              <h3>The order's id: what is signed</h3>
              {"fault" in bytes ? (
                <p class="soft">The order cannot be meant like this.</p>
              ) : (
                <ComparedHash value={bytes.idHex} other={signed?.idHex} />
              )}
            </div>
            <div>
              <h3>The signature</h3>
              {signed ? (
                <p class="mono lesson-bytes">{toHex(signed.signature)}</p>
              ) : (
                <p class="soft">Nobody has signed yet.</p>
              )}
            </div>
            <div role="status">
              {holds !== undefined && (
                <ul class="lesson-ticks">
                  <Tick state={holds ? "good" : "bad"}>
                    {holds
                      ? "The signature is Alice's, and it is for this very order."
                      : signed?.by === "Mallory"
                        ? "This is not Alice's signature. Mallory cannot make it without her private key."
                        : "The signature is not for this order. Something was changed after Alice had signed."}
                  </Tick>
                </ul>
              )}
            </div>
          </div>
        </Card>
      </div>
    </LessonFrame>
  );
}
