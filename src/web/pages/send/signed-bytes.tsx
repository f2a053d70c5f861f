/** The bytes that a signature covers, field by field, in the order in which they are hashed. */
import { toHex } from "../../../base/bytes.ts";
import { type FieldSpan, unsignedTransactionSpans } from "../../../protocol/field-spans.ts";
import { type Draft, signedPrefix } from "../../wallet/draft.ts";

interface Piece {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const marks = 6;

export function SignedBytes({ draft }: { draft: Draft }) {
  const pieces = piecesOf(draft);
  const count = pieces.reduce((sum, { bytes }) => sum + bytes.length, 0);
  return (
    <details class="send-bytes">
      <summary>The bytes that are signed ({count})</summary>
      <p class="small soft">
        The key signs SHA-256 of these, which is the transaction's id: <code class="send-id">{draft.id}</code>
      </p>
      <dl>
        {pieces.map(({ name, bytes }, index) => (
          <div key={name} class={`send-piece mark-${(index % marks) + 1}`}>
            <dt>{name}</dt>
            <dd>
              <code>{toHex(bytes).replace(/../g, "$& ").trim()}</code>
            </dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

function piecesOf({ bytes, chainId }: Draft): Piece[] {
  const prefix = signedPrefix(chainId);
  const spans = unsignedTransactionSpans(bytes);
  const fields = spans.ok
    ? spans.value.map((span) => ({ name: nameOf(span), bytes: bytes.subarray(span.start, span.end) }))
    : [{ name: "transaction", bytes }];
  return [
    { name: "what is signed: a transaction", bytes: prefix.domain },
    { name: "chain", bytes: prefix.chainId },
    ...fields,
  ];
}

function nameOf({ path, form }: FieldSpan): string {
  const name = path.replace(/^payload\./, "");
  return form === "offsets" ? `where ${name} begins` : name;
}
