/** The search in the header: `/` puts the cursor into it, hits show while one types, Enter goes to the best one. */
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { getSearch, type SearchHit } from "../../api/search.ts";
import type { ApiClient } from "../../client/index.ts";
import { useNode } from "../live/node-view.ts";
import { HashStrip } from "../parts/hash.tsx";
import { UserText } from "../parts/user-text.tsx";
import { hitLink, hitText, nextPlace, searchText } from "../search/hit-text.ts";
import { useGo } from "./place.ts";

/** Whoever types does not want an answer to each letter. */
const pauseMs = 150;

interface Found {
  /** What was asked for. */
  readonly text: string;
  readonly hits: readonly SearchHit[];
  /** Below the hits, if there is something to say. */
  readonly note: string | undefined;
}

export function SearchField() {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const go = useGo();
  const { api } = useNode();
  const [typed, setTyped] = useState("");
  const [isOpen, setOpen] = useState(false);
  const [place, setPlace] = useState(-1);
  const text = searchText(typed);
  const found = useFound(text);
  const hits = text === undefined ? [] : (found?.hits ?? []);
  const isShown = isOpen && text !== undefined && found !== undefined;
  useSlashKey(input);
  // With the drawing of other hits, not after it: an arrow that is pressed as soon as they are there moves among them.
  useLayoutEffect(() => setPlace(-1), [found]);

  const close = () => {
    setOpen(false);
    setPlace(-1);
  };
  const goTo = (hit: SearchHit) => {
    go(...hitLink(hit));
    setTyped("");
    close();
    input.current?.blur();
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    if (text === undefined) return;
    // Whoever types fast presses Enter before the hits are there.
    const best = hits[place] ?? (found?.text === text ? hits[0] : (await searched(api, text)).hits[0]);
    // Who has typed on while the node was asked keeps the text and the focus.
    if (input.current?.value !== typed) return;
    if (best) return goTo(best);
    // Its page says why there is nothing.
    go("search", {}, { q: text });
    close();
  };
  const pressed = (event: KeyboardEvent) => {
    if (event.key === "Escape") {
      event.preventDefault();
      if (typed === "") input.current?.blur();
      setTyped("");
      close();
    }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    setOpen(true);
    setPlace(nextPlace(place, hits.length, event.key));
  };
  const left = ({ relatedTarget, currentTarget }: FocusEvent) => {
    const form = currentTarget as HTMLElement;
    if (!(relatedTarget instanceof Node && form.contains(relatedTarget))) close();
  };
  return (
    <search class="head-search">
      <form onSubmit={submit} onFocusOut={left}>
        <input
          ref={input}
          class="input"
          type="search"
          name="q"
          value={typed}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          // biome-ignore lint/a11y/noRedundantRoles: without a datalist no browser implies the role
          role="combobox"
          list={undefined}
          aria-label="Search: height, hash, transaction, address, name or symbol"
          aria-autocomplete="list"
          aria-expanded={isShown && hits.length > 0}
          aria-controls={`${id}-hits`}
          aria-activedescendant={place >= 0 ? `${id}-${place}` : undefined}
          placeholder="Height, hash, address, name …  /"
          onInput={({ currentTarget }) => {
            setTyped(currentTarget.value);
            setOpen(true);
          }}
          onFocus={() => setOpen(true)}
          onKeyDown={pressed}
        />
        <div class="search-drop" hidden={!isShown}>
          <div class="search-hits" role="listbox" id={`${id}-hits`} aria-label="What was found">
            {hits.map((hit, index) => (
              <HitOption
                key={`${hit.type} ${hitText(hit).reference}`}
                id={`${id}-${index}`}
                hit={hit}
                isChosen={index === place}
                onChoose={() => goTo(hit)}
              />
            ))}
          </div>
          <p class="search-note" role="status">
            {found?.note}
          </p>
        </div>
      </form>
    </search>
  );
}

async function searched(api: ApiClient, text: string, signal?: AbortSignal): Promise<Found> {
  try {
    const input = { query: { q: text } };
    const { items, more } = await api.call(getSearch, input, signal === undefined ? {} : { signal });
    const none = "Nothing found. The beginning is enough, from 4 characters on.";
    return {
      text,
      hits: items,
      note: more ? "There is more: a longer text finds it." : items.length === 0 ? none : undefined,
    };
  } catch (problem) {
    return { text, hits: [], note: String((problem as Error).message) };
  }
}

/** The newest hits; those of the text before stay until others are there, so that the list does not flicker. */
function useFound(text: string | undefined): Found | undefined {
  const { api } = useNode();
  const [found, setFound] = useState<Found>();
  useEffect(() => {
    if (text === undefined) {
      setFound(undefined);
      return;
    }
    const over = new AbortController();
    const timer = setTimeout(async () => {
      const answer = await searched(api, text, over.signal);
      if (!over.signal.aborted) setFound(answer);
    }, pauseMs);
    return () => {
      clearTimeout(timer);
      over.abort();
    };
  }, [text, api]);
  return found;
}

interface HitOptionProps {
  readonly id: string;
  readonly hit: SearchHit;
  readonly isChosen: boolean;
  readonly onChoose: () => void;
}

function HitOption({ id, hit, isChosen, onChoose }: HitOptionProps) {
  const { kind, title, detail, strip } = hitText(hit);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the input's, as with every combobox
    <div
      id={id}
      role="option"
      tabIndex={-1}
      aria-selected={isChosen}
      class="search-hit"
      // Keeps the cursor in the input, so that the list is still there for the click.
      onMouseDown={(event) => event.preventDefault()}
      onClick={onChoose}
    >
      <span class="search-kind">{kind}</span>
      {strip !== undefined && <HashStrip value={strip} />}
      <span class="search-title">
        <UserText text={title} />
      </span>
      <span class="search-detail">
        <UserText text={detail} />
      </span>
    </div>
  );
}

function useSlashKey(input: { readonly current: HTMLInputElement | null }): void {
  // With the drawing: the key works as soon as the field is there.
  useLayoutEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      const isTyping = /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.isContentEditable;
      if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      input.current?.focus();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
}
