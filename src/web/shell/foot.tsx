/** The line at the foot of every page: which chain this is, and which node says so. */
import { useNode } from "../live/node-view.ts";
import { Hash } from "../parts/hash.tsx";
import { useLink } from "./place.ts";

export function Foot() {
  const { chainId, status } = useNode();
  const link = useLink();
  return (
    <footer class="foot">
      {chainId !== undefined && (
        <span>
          chain <Hash value={chainId} />
        </span>
      )}
      {status && <span>{status.software}</span>}
      <a href={link("reference")}>API</a>
      <a href={link("settings")}>Settings</a>
    </footer>
  );
}
