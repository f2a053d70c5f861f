/** The search in the header; `/` puts the cursor into it. */
import { useEffect, useRef } from "preact/hooks";
import { useGo } from "./place.ts";

export function SearchField() {
  const input = useRef<HTMLInputElement>(null);
  const go = useGo();
  useEffect(() => {
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
  return (
    <search class="head-search">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const text = input.current?.value.trim() ?? "";
          if (text !== "") go("search", {}, { q: text });
        }}
      >
        <input
          ref={input}
          class="input"
          type="search"
          name="q"
          autocomplete="off"
          spellcheck={false}
          aria-label="Search: height, hash, transaction, address, name or symbol"
          placeholder="Height, hash, address, name …  /"
        />
      </form>
    </search>
  );
}
