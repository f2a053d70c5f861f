/** One copy of a block in a lesson: its hashes, its note, and whether it fits. */
import type { ComponentChildren } from "preact";
import { toHex } from "../../../base/bytes.ts";
import { type EditableBlock, type Judgement, noteOf, withNote } from "../../learn/editable-chain.ts";
import { Badge } from "../../parts/badge.tsx";
import { Field } from "../../parts/field.tsx";
import { Hash } from "../../parts/hash.tsx";

const flawTexts = {
  parent: "It names another block before it than the one that stands there.",
  work: "Its hash is too high: the work for this content is missing.",
  signature: "Its authority has not signed this content.",
} as const;

interface CopiedBlockProps {
  readonly block: EditableBlock;
  readonly judgement: Judgement;
  /** Undefined: it cannot be edited. */
  readonly onEdit?: (block: EditableBlock) => void;
  readonly children?: ComponentChildren;
}

export function CopiedBlock({ block, judgement, onEdit, children }: CopiedBlockProps) {
  const { hash, flaws, isBroken } = judgement;
  const { header } = block;
  const reasons: string[] = flaws.map((flaw) => flawTexts[flaw]);
  if (isBroken && reasons.length === 0) reasons.push("It stands on a block that does not count.");
  return (
    <section
      class={isBroken ? "lesson-block bad" : "lesson-block good"}
      aria-label={`Block ${header.height}`}
    >
      <header class="row spread">
        <h3>Block {header.height}</h3>
        <Badge kind={isBroken ? "bad" : "good"}>{isBroken ? "✗ does not count" : "✓ counts"}</Badge>
      </header>
      <dl class="lesson-links">
        <dt>Before it</dt>
        <dd>
          <Hash value={toHex(header.parentHash)} copy={false} />
        </dd>
        <dt>Its hash</dt>
        <dd>
          <Hash value={hash} copy={false} />
        </dd>
      </dl>
      {onEdit ? (
        <Field label={`Note of block ${header.height}`}>
          {(props) => (
            <input
              {...props}
              autoComplete="off"
              value={noteOf(block)}
              onInput={({ currentTarget }) => {
                const next = withNote(block, currentTarget.value);
                currentTarget.value = noteOf(next);
                onEdit(next);
              }}
            />
          )}
        </Field>
      ) : (
        <p class="small soft">Note: {noteOf(block) || "none"}</p>
      )}
      {reasons.map((reason) => (
        <p key={reason} class="small lesson-why">
          {reason}
        </p>
      ))}
      {children}
    </section>
  );
}
