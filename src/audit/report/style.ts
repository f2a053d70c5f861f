/** How reports and statements look: one style sheet inside the page, for screen, dark screen and paper. */
import { Html } from "../../base/html.ts";

/** Colours are those of the node's page (docs/design.md); a report has to carry its own. */
export const reportStyle = new Html(`<style>
:root { color-scheme: light dark; --ground: #faf9f7; --surface: #fff; --sunken: #f2f0ec; --line: #e0dcd4; --text: #1f1d1a;
  --soft: #5c574e; --accent: #8a5a00; --good: #1b6e3c; --good-soft: #e2f2e7; --warn: #8f4a00; --warn-soft: #fdeedd;
  --bad: #b3261e; --bad-soft: #fbe7e5; }
@media (prefers-color-scheme: dark) { :root { --ground: #141311; --surface: #1c1b18; --sunken: #100f0d; --line: #35322c;
  --text: #eeebe5; --soft: #aea798; --accent: #e9b44c; --good: #6fcf93; --good-soft: #15301f; --warn: #f0a35c;
  --warn-soft: #3a2613; --bad: #ff8a80; --bad-soft: #3b1917; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.5rem 4rem; max-width: 62rem; background: var(--ground); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.3rem; line-height: 1.2; margin: 2.5rem 0 .75rem; padding-top: 1.25rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.75rem 0 .5rem; }
p { margin: .5rem 0; max-width: 46rem; }
.soft { color: var(--soft); }
.small { font-size: 13px; }
code, .mono { font: 12.5px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
.verdict { margin: 1.25rem 0; padding: 1rem 1.25rem; border-left: 5px solid; border-radius: .4rem; }
.verdict strong { display: block; font-size: 1.25rem; line-height: 1.3; }
.verdict.good { border-color: var(--good); background: var(--good-soft); }
.verdict.bad { border-color: var(--bad); background: var(--bad-soft); }
.verdict.warn { border-color: var(--warn); background: var(--warn-soft); }
ul { margin: .5rem 0; padding-left: 1.2rem; max-width: 46rem; }
li { margin: .2rem 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line); }
th { font-weight: 600; font-size: 13px; color: var(--soft); }
.checks td:nth-child(2) { min-width: 13rem; }
td.number, th.number { text-align: right; white-space: nowrap; }
.tag { display: inline-block; padding: 0 .5rem; border-radius: 1rem; font-size: 12.5px; font-weight: 600; white-space: nowrap; }
.tag.good { background: var(--good-soft); color: var(--good); }
.tag.bad { background: var(--bad-soft); color: var(--bad); }
.tag.warn { background: var(--warn-soft); color: var(--warn); }
.tag.plain { background: var(--sunken); color: var(--soft); }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.25rem; margin: .75rem 0; }
.facts dt { color: var(--soft); }
.facts dd { margin: 0; overflow-wrap: anywhere; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); gap: 1rem; }
figure { margin: 0; padding: .75rem 1rem; background: var(--surface); border: 1px solid var(--line); border-radius: .5rem; }
figcaption { font-weight: 600; font-size: 13px; margin-bottom: .4rem; }
svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--soft); font: 11px system-ui, sans-serif; }
svg .bar { fill: var(--accent); }
svg .axis { stroke: var(--line); }
.share { display: inline-block; height: .6rem; background: var(--accent); border-radius: .15rem; vertical-align: middle; }
@media (max-width: 40rem) { body { padding: 1rem .75rem 3rem; } .facts { grid-template-columns: 1fr; gap: 0; }
  .facts dd { margin-bottom: .4rem; } }
@media print { :root { color-scheme: light; --ground: #fff; --surface: #fff; --sunken: #f2f0ec; --line: #bbb; --text: #000;
  --soft: #444; --accent: #6e4700; --good: #0f5229; --good-soft: #fff; --warn: #6b3700; --warn-soft: #fff; --bad: #8c1710;
  --bad-soft: #fff; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  h2, h3 { break-after: avoid; } tr, figure, .verdict { break-inside: avoid; } thead { display: table-header-group; }
  .wide { overflow: visible; } @page { margin: 16mm 14mm; } }
</style>`);
