/** The uptime grid: a row for each authority, a column for each block; arrow keys lead from cell to cell. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { UptimeAnswer } from "../../../api/agreement.ts";
import { AgeTime } from "../../parts/age-time.tsx";
import { BlockLink } from "../../parts/links.tsx";
import { isPointerMoved } from "../../parts/moved-pointer.ts";
import { bestName, type NamedAuthority } from "./best-name.ts";
import {
  type Deed,
  deedTexts,
  type GridColumn,
  type GridPlace,
  gridColumns,
  placeInGrid,
} from "./uptime-grid.ts";

interface UptimeTableProps {
  readonly uptime: UptimeAnswer;
  /** In the order of the answer's authorities. */
  readonly rows: readonly NamedAuthority[];
}

/** How wide a cell is at least. It is no target for fingers: keys and the table below say the same. */
const cellMinPx = 9;
const columnsMax = 100;

export function UptimeTable({ uptime, rows }: UptimeTableProps) {
  const table = useRef<HTMLTableElement>(null);
  const columns = gridColumns(uptime, useColumnCount(table));
  const [place, setPlace] = useState<{ readonly row: number; readonly height: number }>();
  const found = columns.findIndex(({ height }) => height === place?.height);
  // A block that has left the grid at the left takes nobody with it: the newest is the next place.
  const current: GridPlace = {
    row: Math.min(place?.row ?? 0, rows.length - 1),
    column: found < 0 ? columns.length - 1 : found,
  };
  const pressed = (event: KeyboardEvent) => {
    const size = { rows: rows.length, columns: columns.length };
    const next = placeInGrid(event.key, current, size, event.ctrlKey);
    const height = next && columns[next.column]?.height;
    if (!next || height === undefined) return;
    event.preventDefault();
    setPlace({ row: next.row, height });
    table.current?.querySelector<HTMLElement>(`[data-place="${next.row} ${height}"]`)?.focus();
  };
  const shown = place && columns[current.column];
  return (
    <div>
      <table
        class="uptime"
        // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: cells that arrow keys walk are what this role is for
        role="grid"
        aria-label="Authorities by blocks, the newest at the right"
        ref={table}
        onKeyDown={pressed}
        style={{ "--uptime-columns": columns.length }}
      >
        <tbody>
          {rows.map((row, index) => (
            <tr key={row.address}>
              <th scope="row" title={row.address}>
                <bdi>{bestName(row)}</bdi>
              </th>
              {columns.map(({ height, deeds, isFinal }, column) => {
                const deed = deeds[index] ?? "none";
                return (
                  <td
                    key={height}
                    class={`uptime-cell ${deed}${isFinal ? "" : " open"}`}
                    tabIndex={index === current.row && column === current.column ? 0 : -1}
                    data-place={`${index} ${height}`}
                    aria-label={`block ${height}: ${deedTexts[deed]}`}
                    onFocus={() => setPlace({ row: index, height })}
                    onMouseMove={(event) => {
                      if (isPointerMoved(event)) setPlace({ row: index, height });
                    }}
                  />
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
      <p class="uptime-reading">
        {shown ? (
          <Reading
            column={shown}
            deed={shown.deeds[current.row] ?? "none"}
            name={bestName(rows[current.row])}
          />
        ) : (
          <Legend />
        )}
      </p>
    </div>
  );
}

/** How many blocks fit beside the names. */
function useColumnCount(table: { readonly current: HTMLTableElement | null }): number {
  const [count, setCount] = useState(columnsMax);
  useEffect(() => {
    const element = table.current;
    if (!element) return;
    const measure = () => {
      const names = element.querySelector("th")?.offsetWidth ?? 0;
      const fitting = Math.floor((element.offsetWidth - names) / cellMinPx);
      setCount(Math.max(1, Math.min(columnsMax, fitting)));
    };
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [table]);
  return count;
}

function Reading({ column, deed, name }: { column: GridColumn; deed: Deed; name: string }) {
  return (
    <span>
      <bdi>{name}</bdi>, block <BlockLink height={column.height} hash={column.hash} />: {deedTexts[deed]},{" "}
      <AgeTime ms={column.timestampMs} />
      {column.isFinal ? ", final" : ", not final yet"}
    </span>
  );
}

function Legend() {
  return (
    <span class="uptime-legend">
      {(["sealed", "stood-in", "missed"] as const).map((deed) => (
        <span key={deed}>
          <span class={`uptime-cell ${deed}`} aria-hidden="true" /> {deedTexts[deed]}
        </span>
      ))}
    </span>
  );
}
