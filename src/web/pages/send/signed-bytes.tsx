/** The bytes that a signature covers, field by field, before they are signed. */
import { toHex } from "../../../base/bytes.ts";
import { unsignedTransactionSpans } from "../../../protocol/field-spans.ts";
import { RawBytes } from "../../bytes/raw-bytes.tsx";
import { type Draft, signedPrefix } from "../../wallet/draft.ts";

export function SignedBytes({ draft }: { draft: Draft }) {
  const { bytes, chainId, id } = draft;
  const spans = unsignedTransactionSpans(bytes);
  const prefix = signedPrefix(chainId);
  return (
    <details class="send-bytes">
      <summary>The bytes that are signed ({bytes.length})</summary>
      <div class="stack">
        <p class="small soft">
          The key signs SHA-256 of <code>{new TextDecoder().decode(prefix.domain)}</code>, the chain's id{" "}
          <code class="send-code">{toHex(prefix.chainId)}</code> and these bytes. That is the transaction's
          id, too: <code class="send-code">{id}</code>
        </p>
        {spans.ok && <RawBytes of="transaction" bytes={bytes} spans={spans.value} />}
      </div>
    </details>
  );
}
