/** The style of the page `/docs`. */

export const referenceStyle = `:root {
  color-scheme: light dark;
  --line: light-dark(#d5d9de, #3a4048);
  --soft: light-dark(#f4f6f8, #1c2026);
  --accent: light-dark(#0b63c5, #7ab8ff);
}
* { box-sizing: border-box; }
body {
  margin: 0 auto;
  max-width: 62rem;
  padding: 0 1rem 4rem;
  font: 15px/1.5 system-ui, sans-serif;
}
header { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; align-items: baseline; padding: 1rem 0; }
header h1 { margin: 0; font-size: 1.4rem; }
header label { margin-left: auto; }
nav { display: flex; flex-wrap: wrap; gap: .25rem .9rem; padding-bottom: .5rem; border-bottom: 1px solid var(--line); }
a { color: var(--accent); }
h2 { margin: 2rem 0 .5rem; font-size: 1.1rem; }
.rules { padding-left: 1.2rem; }
details { border: 1px solid var(--line); border-radius: 6px; margin: .35rem 0; padding: 0 .75rem; }
details[open] { padding-bottom: .75rem; }
summary { cursor: pointer; padding: .45rem 0; overflow-wrap: anywhere; }
summary b { display: inline-block; min-width: 3.6rem; font-size: .8rem; }
summary b.post, summary b.delete { color: light-dark(#a04000, #ffb070); }
summary b.get { color: var(--accent); }
summary > code { margin-right: .9rem; font-weight: 600; }
summary span { color: GrayText; }
details.answer { margin-left: 0; border-style: dashed; }
.row { display: grid; grid-template-columns: 11rem 1fr; gap: .15rem .6rem; align-items: center; margin: .3rem 0; }
.row small { grid-column: 2; color: GrayText; }
input, textarea, button { font: inherit; padding: .3rem .5rem; border: 1px solid var(--line); border-radius: 4px; }
textarea { width: 100%; font-family: ui-monospace, monospace; }
button { margin: .4rem .4rem .4rem 0; cursor: pointer; }
pre { margin: .3rem 0; padding: .6rem; background: var(--soft); overflow: auto; max-height: 32rem; white-space: pre-wrap; overflow-wrap: anywhere; }
pre.output:empty { display: none; }
.token, .failed { color: light-dark(#a04000, #ffb070); }
@media (max-width: 30rem) { .row { grid-template-columns: 1fr; } .row small { grid-column: 1; } }
`;
