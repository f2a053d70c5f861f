/** An amount: exact, never rounded, its unit behind it. */

export function Amount({ value, unit = "AUR" }: { value: string; unit?: string }) {
  return (
    <span class="amount">
      {grouped(value)}
      {"\u00a0"}
      <span class="soft">{unit}</span>
    </span>
  );
}

/** Digits before the point in threes, by narrow spaces that do not break. */
function grouped(value: string): string {
  const [whole = "", fraction] = value.split(".");
  const spaced = whole.replaceAll(/\B(?=(?:\d{3})+$)/g, "\u202f");
  return fraction === undefined ? spaced : `${spaced}.${fraction}`;
}
