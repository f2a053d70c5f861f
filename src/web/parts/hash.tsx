/** A hash, an id or a key: short or whole, with a strip of colours, and a button that copies it. */
import { CopyButton } from "./copy-button.tsx";
import { stripFields, stripHues } from "./hash-colours.ts";
import { shortHash } from "./short-hash.ts";

interface HashProps {
  readonly value: string;
  /** All of it, not its beginning and end. */
  readonly whole?: boolean;
  /** Where it leads. */
  readonly href?: string;
  /** False beside what others sent unasked. */
  readonly copy?: boolean;
}

export function Hash({ value, whole = false, href, copy = true }: HashProps) {
  const text = whole ? value : shortHash(value);
  return (
    <span class="hash" data-same={value}>
      <HashStrip value={value} />
      {href === undefined ? (
        <span class="hash-text" title={whole ? undefined : value}>
          {text}
        </span>
      ) : (
        <a class="hash-text" href={href} title={whole ? undefined : value}>
          {text}
        </a>
      )}
      {copy && <CopyButton text={value} />}
    </span>
  );
}

export function HashStrip({ value }: { value: string }) {
  const width = 100 / stripFields;
  return (
    <svg class="hash-strip" viewBox="0 0 100 50" preserveAspectRatio="none" aria-hidden="true">
      {stripHues(value).map((hue, index) => (
        <rect key={index} x={index * width} width={width} height="50" fill={`hsl(${hue} 55% 55%)`} />
      ))}
    </svg>
  );
}
