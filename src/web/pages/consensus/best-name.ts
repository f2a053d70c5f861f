/** How an authority is called where there is room for one name and no link. */
import { visibleText } from "../../../base/visible-text.ts";
import { shortHash } from "../../parts/short-hash.ts";

/** The registered name, else what its node calls itself, else the short address; nothing in it is hidden. */
export function bestName(
  authority:
    | { readonly address: string; readonly name: string | null; readonly nodeName?: string | null }
    | undefined,
): string {
  if (!authority) return "";
  const { address, name, nodeName } = authority;
  return visibleText(name || nodeName || "") || shortHash(address);
}
