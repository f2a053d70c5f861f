/** Where one is in the page, as components see it, and links from there. */
import { createContext } from "preact";
import { useContext, useLayoutEffect, useState } from "preact/hooks";
import { type PageName, pages } from "./pages.ts";
import { hrefOf, type Place, placeOf } from "./route-path.ts";

/** The place that the address bar names, and again whenever it changes. */
export function useLocationPlace(): Place {
  const [hash, setHash] = useState(location.hash);
  // With the first drawing: what changed between that and an effect after painting would never be heard of.
  useLayoutEffect(() => {
    const changed = () => setHash(location.hash);
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  return placeOf(hash);
}

export const PlaceContext = createContext<Place>(placeOf(""));

/** Makes hrefs to pages of the node that is shown, e.g. `link("block", { reference: 12 })`. */
export type Link = (
  page: PageName,
  values?: Readonly<Record<string, string | number>>,
  query?: Readonly<Record<string, string>>,
) => string;

const pathOf = new Map(pages.map(({ name, path }) => [name, path]));

/** @param node another node of the demo than the one that is shown */
export function useLink(node?: string): Link {
  const place = useContext(PlaceContext);
  return (page, values, query) => hrefOf(node ?? place.node, pathOf.get(page) ?? "", values, query);
}

/** Goes to a page as a click on its link does. */
export function useGo(): (...target: Parameters<Link>) => void {
  const link = useLink();
  return (...target) => {
    location.hash = link(...target);
  };
}
