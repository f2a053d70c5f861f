/** An authority by the best name there is, with a link to its account. */
import { HashStrip } from "../../parts/hash.tsx";
import { AccountLink } from "../../parts/links.tsx";
import { type NamedAuthority, ownNodeName } from "./best-name.ts";

export function AuthorityName({ of }: { of: NamedAuthority }) {
  const { address, name } = of;
  const nodeName = ownNodeName(of);
  if (name !== null || nodeName === undefined) return <AccountLink address={address} name={name} />;
  // A node's own name has the colours of its address beside it: two nodes may call themselves the same.
  return (
    <span class="hash">
      <HashStrip value={address} />
      <AccountLink address={address} name={nodeName} />
    </span>
  );
}
