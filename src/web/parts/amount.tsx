/** An amount: exact, never rounded, its unit behind it. */
import { groupedAmount } from "./amount-text.ts";
import { UserText } from "./user-text.tsx";

/** @param unit AUR, or the symbol of an asset, which its issuer chose */
export function Amount({ value, unit = "AUR" }: { value: string; unit?: string }) {
  return (
    <span class="amount">
      {groupedAmount(value)}
      {"\u00a0"}
      <span class="soft">
        <UserText text={unit} />
      </span>
    </span>
  );
}
