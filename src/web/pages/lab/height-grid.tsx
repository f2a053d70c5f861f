/** The newest heights of one chain: what each node has there. Equal blocks have equal colours. */
import { type LabNode, labBlocksShown } from "../../../api/lab.ts";
import { heightTable } from "../../lab/agreement.ts";
import { HashStrip } from "../../parts/hash.tsx";
import { shortHash } from "../../parts/short-hash.ts";

export function HeightGrid({ title, nodes }: { title: string; nodes: readonly LabNode[] }) {
  const { heights, rows, forked } = heightTable(nodes, labBlocksShown);
  if (heights.length === 0) return null;
  return (
    <table class="lab-grid">
      <caption class="unseen">{title}: the blocks of each node by height</caption>
      <thead>
        <tr>
          <th scope="col">
            <span class="unseen">Node</span>
          </th>
          {heights.map((height) => (
            <th key={height} scope="col" class={forked.has(height) ? "forked" : undefined}>
              {height}
              {forked.has(height) && <span class="unseen">, different blocks</span>}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ name, hashes }) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            {hashes.map((hash, index) => (
              <td
                key={heights[index]}
                title={hash}
                class={forked.has(heights[index] as number) ? "forked" : undefined}
              >
                {hash === undefined ? (
                  <span class="unseen">none</span>
                ) : (
                  <>
                    <HashStrip value={hash} />
                    <span class="unseen">{shortHash(hash)}</span>
                  </>
                )}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
