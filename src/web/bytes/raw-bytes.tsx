/** The bytes of a block or of a transaction, each field in a colour: a field shows its bytes, and bytes their field. */
import { useRef, useState } from "preact/hooks";
import { toHex } from "../../base/bytes.ts";
import type { FieldSpan } from "../../protocol/field-spans.ts";
import { CopyButton } from "../parts/copy-button.tsx";
import { isPointerMoved } from "../parts/moved-pointer.ts";
import { fieldText, placeInList } from "./field-texts.ts";
import { hexGroups, spanValue } from "./span-values.ts";
import "./bytes.css";

interface RawBytesProps {
  readonly of: "block" | "transaction";
  readonly bytes: Uint8Array;
  readonly spans: readonly FieldSpan[];
}

/** A block may hold thousands of transactions; what is behind is counted, not drawn. */
const spansMax = 120;
/** Of one field. */
const bytesMax = 256;
/** As many as the design has mark colours. */
const colours = 6;

export function RawBytes({ of, bytes, spans }: RawBytesProps) {
  const [active, setActive] = useState(0);
  const list = useRef<HTMLOListElement>(null);
  const drawn = spans.slice(0, spansMax);
  const current = drawn[active] ?? drawn[0];
  if (!current) return null;
  const text = fieldText(of, current);
  const move = (event: KeyboardEvent) => {
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: active + 1,
      ArrowRight: active + 1,
      ArrowUp: active - 1,
      ArrowLeft: active - 1,
      Home: 0,
      End: drawn.length - 1,
    };
    const next = steps[event.key];
    if (next === undefined) return;
    event.preventDefault();
    const index = Math.max(0, Math.min(drawn.length - 1, next));
    setActive(index);
    list.current?.querySelectorAll("button")[index]?.focus();
  };
  const point = (event: MouseEvent, index: number) => {
    if (isPointerMoved(event)) setActive(index);
  };
  return (
    <div class="bytes">
      <p class="row spread small soft">
        <span>
          {bytes.length.toLocaleString("en-GB")} bytes, {spans.length} fields. Point at a field or at bytes,
          or use the arrow keys.
        </span>
        <span>
          Copy all as hex <CopyButton text={toHex(bytes)} />
        </span>
      </p>
      <p class="bytes-detail">
        <strong>{titleOf(of, current)}</strong>{" "}
        <span class="soft small">
          bytes {current.start} to {current.end - 1}
        </span>
        <br />
        {text.meaning} <span class="mono bytes-value">{spanValue(bytes, current, text)}</span>
      </p>
      <div class="bytes-columns">
        {/* Read aloud as the list of fields beside it. */}
        <div class="bytes-dump mono" aria-hidden="true">
          {drawn.map((span, index) => (
            // biome-ignore lint/a11y/noStaticElementInteractions: the list beside it does the same by keyboard
            <span
              key={span.start}
              class={classOf(span, index, active)}
              onMouseMove={(event) => point(event, index)}
            >
              {hexGroups(bytes.subarray(span.start, Math.min(span.end, span.start + bytesMax)))}
              {span.end - span.start > bytesMax ? ` … ${span.end - span.start - bytesMax} more` : ""}{" "}
            </span>
          ))}
          {spans.length > spansMax && <span class="soft">… {spans.length - spansMax} more fields</span>}
        </div>
        <ol class="bytes-fields" ref={list} onKeyDown={move} aria-label="Fields in the order of their bytes">
          {drawn.map((span, index) => (
            <li key={span.start}>
              <button
                type="button"
                class={classOf(span, index, active)}
                tabIndex={index === active ? 0 : -1}
                aria-current={index === active}
                onFocus={() => setActive(index)}
                onMouseMove={(event) => point(event, index)}
                onClick={() => setActive(index)}
              >
                <span class="bytes-swatch" aria-hidden="true" />
                <span>{titleOf(of, span)}</span>
                <span class="mono bytes-value soft">{spanValue(bytes, span, fieldText(of, span))}</span>
              </button>
            </li>
          ))}
        </ol>
      </div>
    </div>
  );
}

function titleOf(of: "block" | "transaction", span: FieldSpan): string {
  const { title } = fieldText(of, span);
  if (span.form === "offsets") return `${title} of the ${wordsOf(span.path.replace(/^.*\./, ""))}`;
  const place = placeInList(span.path);
  return place === undefined ? title : `${title} ${place}`;
}

/** `consensusSection` is "consensus section". */
function wordsOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function classOf({ form }: FieldSpan, index: number, active: number): string {
  const colour = form === "offsets" ? "offset" : `mark-${(index % colours) + 1}`;
  return `bytes-run ${colour}${index === active ? " active" : ""}`;
}
