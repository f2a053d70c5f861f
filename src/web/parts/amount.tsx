/** An amount: exact, never rounded, its unit behind it. */
import { UserText } from "./user-text.tsx";

/** @param unit AUR, or the symbol of an asset, which its issuer chose */
export function Amount({ value, unit = "AUR" }: { value: string; unit?: string }) {
  return (
    <span class="amount">
      {grouped(value)}
      {"\u00a0"}
      <span class="soft">
        <UserText text={unit} />
      </span>
    </span>
  );
}

/** Digits before the point in threes, by narrow spaces that do not break. */
function grouped(value: string): string {
  const [whole = "", fraction] = value.split(".");
  const spaced = whole.replaceAll(/\B(?=(?:\d{3})+$)/g, "\u202f");
  return fraction === undefined ? spaced : `${spaced}.${fraction}`;
}
