/** The frame around every page: header, side, the page itself, and what goes wrong with it. */
import { Component, type ComponentChildren, type ComponentType } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { isLab, NodeProvider, useNodeView } from "../live/node-view.ts";
import { ReorganizationMemory } from "../live/seen-reorganizations.ts";
import { ProblemNote } from "../parts/problem-note.tsx";
import { useSameMarks } from "../parts/same-marks.ts";
import { findPage } from "./find-page.ts";
import { Foot } from "./foot.tsx";
import { Head } from "./head.tsx";
import { Notices } from "./notices.tsx";
import { pageLoaders } from "./page-loaders.ts";
import type { PageProps } from "./pages.ts";
import { PlaceContext, useLocationPlace } from "./place.ts";
import type { Place } from "./route-path.ts";
import { Side } from "./side.tsx";

export function App() {
  const place = useLocationPlace();
  useSameMarks();
  return (
    <PlaceContext.Provider value={place}>
      <NodeFrame key={place.node ?? ""} place={place} />
    </PlaceContext.Provider>
  );
}

function NodeFrame({ place }: { place: Place }) {
  // The demo itself is no node: without one named, its first is shown.
  const node = useNodeView(place.node ?? (isLab ? "PoW_1" : undefined));
  const [isMenuOpen, setMenuOpen] = useState(false);
  const path = place.parts.join("/");
  const isNodeless = findPage(place.parts)?.entry.isNodeless === true;
  const chain = useChainTurn(node.chainId);
  useEffect(() => setMenuOpen(false), [path]);
  return (
    <NodeProvider value={node}>
      <ReorganizationMemory />
      <div class="shell">
        <button type="button" class="skip button" onClick={skipToMain}>
          Skip to the page
        </button>
        <Head isMenuOpen={isMenuOpen} onMenu={() => setMenuOpen(!isMenuOpen)} />
        <Side isOpen={isMenuOpen} />
        <main class="main" id="main" tabIndex={-1}>
          <div class="main-inner" data-stale={(!isNodeless && node.connection.kind === "lost") || undefined}>
            {!isNodeless && <Notices />}
            <PageBoundary key={`${chain} ${path}`}>
              <CurrentPage place={place} />
            </PageBoundary>
          </div>
        </main>
        <Foot />
      </div>
    </NodeProvider>
  );
}

/** Counts the chains that were seen at this address: what a page keeps of one must not outlive it. */
function useChainTurn(chainId: string | undefined): number {
  const seen = useRef({ chainId, turn: 0 });
  if (chainId !== undefined && chainId !== seen.current.chainId) {
    const turn = seen.current.turn + (seen.current.chainId === undefined ? 0 : 1);
    seen.current = { chainId, turn };
  }
  return seen.current.turn;
}

/** By script: what stands after # is the page's own address. */
function skipToMain(): void {
  document.getElementById("main")?.focus();
}

function CurrentPage({ place }: { place: Place }) {
  const found = findPage(place.parts);
  const loaded = useRef(new Map<string, ComponentType<PageProps>>());
  const [problem, setProblem] = useState<unknown>();
  const [, setArrived] = useState("");
  const name = found?.entry.name;
  useEffect(() => {
    if (!found) return;
    document.title = `${found.entry.title} · Aurex`;
    if (loaded.current.has(found.entry.name)) return;
    let isOver = false;
    setProblem(undefined);
    pageLoaders[found.entry.name]()
      .then(({ default: Page }) => {
        loaded.current.set(found.entry.name, Page);
        if (!isOver) setArrived(found.entry.name);
      })
      .catch((thrown: unknown) => {
        if (!isOver) setProblem(thrown);
      });
    return () => {
      isOver = true;
    };
  }, [name]);
  if (!found) return <NoSuchPage />;
  const Page = loaded.current.get(found.entry.name);
  if (problem) {
    return (
      <ProblemNote
        problem={problem}
        what="This page's own files did not arrive"
        next="Reload the page. If the node was updated meanwhile, its files have other names now."
      />
    );
  }
  if (!Page) return <p class="loading">Loading …</p>;
  return <Page key={JSON.stringify(found.values)} values={found.values} query={place.query} />;
}

function NoSuchPage() {
  return (
    <div class="stack">
      <h1>There is no such page</h1>
      <p>
        The address names a page that this node does not have. <a href="#/">Go to the overview</a>, or search.
      </p>
    </div>
  );
}

/** A page that throws must not take the others with it. */
class PageBoundary extends Component<{ children?: ComponentChildren }, { fault?: unknown }> {
  override state: { fault?: unknown } = {};

  static override getDerivedStateFromError(fault: unknown) {
    return { fault };
  }

  override componentDidCatch(fault: unknown) {
    // For whoever looks into the console: the note has no stack.
    console.error(fault);
  }

  override render() {
    if (this.state.fault === undefined) return this.props.children;
    return (
      <ProblemNote
        problem={this.state.fault}
        what="This page has a fault of its own"
        next="Reload it. If that does not help, please report what is written here."
      />
    );
  }
}
