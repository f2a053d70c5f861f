/** Which chain is trusted at this address, compared with one from elsewhere, and loud if the node is on another one now. */

import { useState } from "preact/hooks";
import { useNode } from "../live/node-view.ts";
import { Badge } from "../parts/badge.tsx";
import { Button } from "../parts/button.tsx";
import { Field } from "../parts/field.tsx";
import { Hash } from "../parts/hash.tsx";
import { Note } from "../parts/note.tsx";
import { Term } from "../parts/term.tsx";
import { ownStorage } from "../shell/own-storage.ts";
import { createTrustStore, readChainId } from "./chain-trust.ts";

export const trustStore = createTrustStore(ownStorage());

export function ChainTrustView() {
  const { baseUrl, chainId } = useNode();
  const [, setChanged] = useState(0);
  const trusted = trustStore.of(baseUrl);
  const trust = (id: string, isCompared: boolean) => {
    trustStore.remember(baseUrl, { chainId: id, sinceMs: Date.now(), isCompared });
    setChanged((times) => times + 1);
  };
  if (chainId === undefined) return null;
  const shown = trusted?.chainId ?? chainId;
  return (
    <div class="verify-trust">
      {trusted && trusted.chainId !== chainId && (
        <div role="alert">
          <Note kind="bad" title="The node at this address is now on another chain">
            <p>
              Since {new Date(trusted.sinceMs).toLocaleDateString("en-GB")} this browser trusts another chain
              here. If the node was reset, or the chain is a new one, trust the new one. If nobody told you
              so, do not send anything.
            </p>
            <p class="row">
              Now <Hash value={chainId} />
              <Button onClick={() => trust(chainId, false)}>Trust the new chain</Button>
            </p>
          </Note>
        </div>
      )}
      <p class="row">
        <Term meaning="The hash of the chain's first rules. Everything is proven from it, so it has to come from somewhere that you trust: a colleague, a printed sheet, another node.">
          Chain id
        </Term>
        <Hash value={shown} />
        {trusted?.isCompared ? (
          <Badge kind="good">compared</Badge>
        ) : (
          <Badge kind="warn">as the node says it</Badge>
        )}
      </p>
      {!trusted?.isCompared && <Compare chainId={chainId} onTrust={(id) => trust(id, true)} />}
    </div>
  );
}

function Compare({ chainId, onTrust }: { chainId: string; onTrust: (id: string) => void }) {
  const [text, setText] = useState("");
  const pasted = readChainId(text);
  const fault =
    text.trim() === ""
      ? undefined
      : pasted === undefined
        ? "A chain id has 64 digits, 0 to 9 and a to f."
        : pasted === chainId
          ? undefined
          : "The node has another chain id than this one. If you trust this one, do not believe the node.";
  return (
    <details class="small">
      <summary>Compare it with one from elsewhere</summary>
      <div class="stack verify-compare">
        <Field
          label="Chain id from a source that you trust"
          hint="aurex-node status shows it on the machine of a node."
          fault={fault}
        >
          {(props) => (
            <input
              {...props}
              value={text}
              spellcheck={false}
              autocomplete="off"
              onInput={({ currentTarget }) => setText(currentTarget.value)}
            />
          )}
        </Field>
        <div class="row">
          <Button disabled={pasted === undefined} onClick={() => pasted && onTrust(pasted)}>
            {pasted === chainId ? "It is the same: trust it" : "Trust this chain id"}
          </Button>
        </div>
      </div>
    </details>
  );
}
