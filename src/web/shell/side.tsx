/** The side: all pages by group, the one that is open marked. */
import { useContext } from "preact/hooks";
import { isLab, useNode } from "../live/node-view.ts";
import { findPage } from "./find-page.ts";
import { type PageEntry, type PageName, pageGroups, pages } from "./pages.ts";
import { PlaceContext, useLink } from "./place.ts";

export function Side({ isOpen }: { isOpen: boolean }) {
  const { engine } = useNode();
  const link = useLink();
  const current = findPage(useContext(PlaceContext).parts)?.entry;
  const shown = pages.filter(
    (page) => (!page.labOnly || isLab) && (page.engine === undefined || page.engine === engine),
  );
  return (
    <nav class="side" id="side" data-open={String(isOpen)} aria-label="Pages">
      <div class="side-inner">
        {pageGroups.map((group) => (
          <section key={group}>
            <h2>{group}</h2>
            <ul>
              {shown
                .filter((page) => page.group === group)
                .map(({ name, title }) => (
                  <li key={name}>
                    <a href={link(name)} aria-current={markOf(name, current)}>
                      {title}
                    </a>
                  </li>
                ))}
            </ul>
          </section>
        ))}
      </div>
    </nav>
  );
}

/** A block belongs to the blocks, so that is where one is. */
function markOf(name: PageName, current: PageEntry | undefined): "page" | "true" | undefined {
  if (name === current?.name) return "page";
  return name === current?.partOf ? "true" : undefined;
}
