/** How many rows of a list a page has: on a narrow screen each row is a list of its own, so there are fewer. */

const [wideItems, narrowItems] = [25, 10];

/** As of when the list is opened: a window that is made narrower meanwhile keeps its rows. */
export function pageItems(): number {
  return matchMedia("(max-width: 40rem)").matches ? narrowItems : wideItems;
}
